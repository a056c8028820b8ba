"""One call of the demo's command: everything that can be wrong is told before the page is up."""

import importlib.util
import socket
import sys

from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.model_source import ModelFlags, model_source
from client.inference import loaded, report_error
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from system.streams import quiet

_EXTRA = ("starlette", "uvicorn")


def run(flags: ModelFlags, host: str, port: int) -> int:
    """Serves the page until Ctrl-C and returns the exit code.

    Args:
      flags: which model.
      host: a name or address of this machine.
      port: 0..65535; 0 takes a free one.
    """
    try:
        _serve(flags, host, port)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    return PredictExit.ALL_ANSWERED


def _serve(flags: ModelFlags, host: str, port: int) -> None:
    _check_extra()
    source = model_source(flags)
    with _bound(host, port) as listener:
        with quiet(ConfigError, ServerError) as streams:
            model = loaded(streams, source)
        _serve_until_stopped(model, listener)


def _check_extra() -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"demo.py needs the extra packages of the demo. Missing: {', '.join(missing)}. "
            "Install them with: uv sync --extra demo"
        )


def _bound(host: str, port: int) -> socket.socket:
    """Takes the port, which is cheaper to find taken before a model is loaded than after."""
    if not 0 <= port <= 65535:  # getaddrinfo takes some of these for others.
        raise _refused(host, port, "no port has this number")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _refused(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: Exception | str) -> ConfigError:
    return ConfigError(
        "--host and --port must be an address of this machine and a free port in 0..65535. "
        f"Received: {host} and {port} ({error}). Name another port; 0 takes a free one"
    )


def _serve_until_stopped(model: Model, listener: socket.socket) -> None:
    import uvicorn

    from webdemo.app import app_of

    host, port = listener.getsockname()[:2]
    listener.listen()  # Whoever reads the address may come at once.
    sys.stdout.write(f"Open http://{f'[{host}]' if ':' in host else host}:{port}/\n")
    sys.stdout.flush()
    settings = uvicorn.Config(
        app_of(model), log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(settings).run(sockets=[listener])
