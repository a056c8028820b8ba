"""One call of ``serve.py``: checks the settings, finds the model, and serves until it is ended."""

import importlib.util
import sys

from client.backends.address import DEFAULT_MODEL_NAME, parse_address
from client.backends.connection import Connection, read_connection
from client.backends.errors import ServerError
from client.backends.tls import TlsFiles
from client.backends.weight_path import check_contents, locate_weights
from client.inference import report_error
from gateway.request import Backend, ServeRequest
from gateway.settings import LimitSettings, LogSettings
from gateway.tls_pair import checked_pair
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from schemas.settings import settings_from
from system.listening import address_of, bind, checked_name, is_open
from system.printable import printable
from system.secrets import kept_apart
from system.signals import sigterm_as_interrupt

_PACKAGES = (
    *("starlette", "uvicorn", "httptools", "uvloop", "prometheus_client", "python_multipart"),
    *("pybase64", "aiohttp"),
)
_LONGEST_TIMEOUT = 3600.0
_OPEN = """\
warning: --host {host} can be reached from other machines, and no tokens are set: whoever reaches \
this port can use the model.
"""
_PLAIN = """\
warning: tokens and photos travel unencrypted: give --tls-cert and --tls-key, or put a proxy with \
TLS on this machine.
"""


@sigterm_as_interrupt()
def run(request: ServeRequest) -> int:
    """Serves until Ctrl-C or SIGTERM and returns the exit code."""
    try:
        _check_and_serve(request)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    return PredictExit.ALL_ANSWERED


def _check_and_serve(request: ServeRequest) -> None:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"serve.py needs the extra packages of the gateway. Missing: {', '.join(missing)}. "
            "Install them with: uv sync --inexact --extra gateway"
        )
    limits, log = settings_from((LimitSettings, LogSettings), request.overrides)
    assert isinstance(limits, LimitSettings) and isinstance(log, LogSettings)
    import uvloop

    from gateway import running
    from gateway.entry.access import read_tokens
    from gateway.log.feed import check_folder

    tokens = read_tokens(request.tokens)
    options = checked_pair(request.tls_cert, request.tls_key)
    log = check_folder(log)
    backend = _find(request)
    hosts = [address_of(request.host) or request.host.lower()]
    hosts += map(checked_name, request.allow_hosts)
    with bind(request.host, request.port) as listener, kept_apart():
        listener.listen(running.BACKLOG)
        if is_open(listener) and not tokens:
            sys.stderr.write(_OPEN.format(host=request.host))
        if is_open(listener) and tokens and options is None:
            sys.stderr.write(_PLAIN)
        # The servable is loaded before the loop begins: a wrong one ends the command at once.
        pushed = running.load(backend, limits)
        plan = running.Plan(request, backend, limits, log, tokens, options, tuple(hosts))
        uvloop.run(running.serve(plan, pushed, listener))


def _find(request: ServeRequest) -> Backend:
    """Returns where the model is, after all checks that need no TensorFlow."""
    if not 0 < request.timeout <= _LONGEST_TIMEOUT:
        raise ConfigError(
            f"--timeout must be above 0 seconds and at most {_LONGEST_TIMEOUT:g}. "
            f"Received: {request.timeout:g}"
        )
    files = TlsFiles(request.ca, request.cert, request.key)
    if request.server is not None:
        address = parse_address(request.server)
        if address.endpoint:
            raise ConfigError(
                "serve.py stands in front of TensorFlow Serving. Received: a Vertex AI endpoint, "
                f"which has limits and logs of its own: {request.server}"
            )
        return Backend(
            address.model, address, read_connection(address, request.token_file, files), None
        )
    if request.token_file is not None or files != TlsFiles():
        raise ConfigError(
            "--token-file, --ca, --cert and --key go with --server. Received: --weight_path"
        )
    if request.weight_path is None:
        raise ConfigError("Either --server or --weight_path must name a model. Received: neither")
    weights = locate_weights(request.weight_path)
    if not weights.is_version:
        raise ConfigError(
            "serve.py serves a pushed version (a folder with saved_model.pb) or the folder of "
            f"versions above it. Received: {request.weight_path}. demo.py takes a checkpoint"
        )
    if weights.note:
        sys.stderr.write(f"Using {printable(weights.note)}\n")
    if warning := check_contents(weights.path):
        sys.stderr.write(f"warning: {printable(warning)}\n")
    return Backend(DEFAULT_MODEL_NAME, None, Connection(), weights.path)
