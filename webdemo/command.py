"""One call of ``demo.py``: checks the settings, loads the model and serves the page."""

import importlib.util
import socket
import sys

from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.model_source import ModelFlags, find_model_source
from client.inference import load_model, report_error
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from system.signals import sigterm_as_interrupt
from system.streams import quiet

_EXTRA_PACKAGES = ("starlette", "uvicorn")


@sigterm_as_interrupt()
def run(flags: ModelFlags, host: str, port: int) -> int:
    """Serves the page until Ctrl-C or SIGTERM and returns the exit code.

    Args:
      flags: name the model.
      host: a name or address of this machine.
      port: 0..65535; 0 takes a free one.
    """
    try:
        _check_and_serve(flags, host, port)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    return PredictExit.ALL_ANSWERED


def _check_and_serve(flags: ModelFlags, host: str, port: int) -> None:
    _check_extra()
    source = find_model_source(flags)
    # The port first: a port that is taken should be reported before the model is loaded.
    with _bind(host, port) as listener:
        with quiet(ConfigError, ServerError) as streams:
            model = load_model(streams, source)
        _serve_until_stopped(model, listener)


def _check_extra() -> None:
    missing = [name for name in _EXTRA_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"demo.py needs the extra packages of the demo. Missing: {', '.join(missing)}. "
            "Install them with: uv sync --inexact --extra demo"
        )


def _bind(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound to the address."""
    if not 0 <= port <= 65535:  # getaddrinfo maps some of these to valid ports.
        raise _unusable(host, port, "a port must lie in 0..65535")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _unusable(host: str, port: int, reason: Exception | str) -> ConfigError:
    return ConfigError(
        "--host and --port must be an address of this machine and a free port in 0..65535. "
        f"Received: {host} and {port} ({reason}). Name another port; 0 takes a free one"
    )


def _serve_until_stopped(model: Model, listener: socket.socket) -> None:
    import uvicorn

    from webdemo.app import create_app

    host, port = listener.getsockname()[:2]
    listener.listen()  # Before the address is printed: a browser may connect at once.
    sys.stdout.write(f"Open http://{f'[{host}]' if ':' in host else host}:{port}/\n")
    sys.stdout.flush()
    settings = uvicorn.Config(
        create_app(model), log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(settings).run(sockets=[listener])
