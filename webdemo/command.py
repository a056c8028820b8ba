"""One call of ``demo.py``: checks the settings, loads the model and serves the page."""

import importlib.util
import socket
import sys
from collections.abc import Sequence

from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.model_source import ModelFlags, find_model_source
from client.inference import load_model, report_error
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from system.listening import address_of, bind, checked_name, is_open, shown_address
from system.signals import sigterm_as_interrupt
from system.streams import quiet

_EXTRA_PACKAGES = ("starlette", "uvicorn", "httptools")
_WARNING = """\
warning: --host {host} can be reached from other machines, and there are no passwords: whoever \
reaches this port can use the model. Answers are given at {names} and the address that a \
connection reaches; --allow-host adds a name. Over a network the photos travel unencrypted.
경고: --host {host}은(는) 다른 컴퓨터에서도 접속할 수 있고 비밀번호가 없습니다. 이 포트에 접속하는 \
누구나 모델을 쓸 수 있습니다. 다른 이름으로 접속하려면 --allow-host를 쓰세요. 사진은 암호화되지 \
않은 채 전송됩니다.
"""


@sigterm_as_interrupt()
def run(flags: ModelFlags, host: str, port: int, allow_hosts: Sequence[str] = ()) -> int:
    """Serves the page until Ctrl-C or SIGTERM and returns the exit code.

    Args:
      flags: name the model.
      host: a name or address of this machine.
      port: 0..65535; 0 takes a free one.
      allow_hosts: more names by which browsers may call this program.
    """
    try:
        _check_and_serve(flags, host, port, allow_hosts)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    return PredictExit.ALL_ANSWERED


def _check_and_serve(flags: ModelFlags, host: str, port: int, allow_hosts: Sequence[str]) -> None:
    _check_extra()
    names = [checked_name(name) for name in allow_hosts]
    source = find_model_source(flags)
    # The port first: a port that is taken should be reported before the model is loaded.
    with bind(host, port) as listener:
        with quiet(ConfigError, ServerError) as streams:
            model = load_model(streams, source)
        _serve(model, listener, [address_of(host) or host.lower(), *names])


def _check_extra() -> None:
    missing = [name for name in _EXTRA_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"demo.py needs the extra packages of the demo. Missing: {', '.join(missing)}. "
            "Install them with: uv sync --inexact --extra demo"
        )


def _serve(model: Model, listener: socket.socket, names: Sequence[str]) -> None:
    """Serves the page on a bound socket; ``names`` are those of --host and --allow-host."""
    from system.web.outcomes import OutcomeCounts
    from system.web.server import BACKLOG, serve_until_stopped
    from webdemo.app import create_app
    from webdemo.limits import Limits
    from webdemo.responses import refusal_response

    listener.listen(BACKLOG)  # Before the address is printed: a browser may connect at once.
    if is_open(listener):
        sys.stderr.write(_WARNING.format(host=names[0], names=", ".join(["localhost", *names])))
        sys.stderr.flush()
    sys.stdout.write(f"Open http://{shown_address(listener)}/\n")
    sys.stdout.flush()
    log, limits = OutcomeCounts(), Limits()
    try:
        app = create_app(model, names, limits, log)
        serve_until_stopped(app, listener, limits, refusal_response)
    finally:
        sys.stderr.write(f"\n{log.summary()}\n")
