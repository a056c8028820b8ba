"""One call of ``rollout.py``: from its flags to the exit code."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from client.backends.address import parse_address
from client.backends.connection import read_connection
from client.backends.errors import ServerError
from client.backends.tls import TlsFiles
from client.rollout import history, models_config, versions
from client.rollout.models_config import CANARY, STABLE, ModelsConfig
from client.rollout.rolling import NotYetError, Rolling
from client.rollout.rollout_request import RolloutRequest
from client.rollout.server import Server, connect
from client.rollout.versions import FolderSource, Source
from schemas.documents.serving import Command
from schemas.errors import ConfigError
from schemas.exit_codes import RolloutExit
from system.printable import error_line
from system.pushed_versions import version_number
from system.signals import sigterm_as_interrupt


@sigterm_as_interrupt()
def run(request: RolloutRequest, open_bucket: Callable[[str], Source]) -> int:
    """Runs the command and returns the exit code.

    Args:
      request: the flags.
      open_bucket: returns the versions at an address such as gs://bucket/serving/pet_mood.
    """
    try:
        with _alone(request):
            if request.command == "fetch":
                return _fetch(request, open_bucket)
            return HANDLERS[request.command](request)
    except NotYetError as error:
        sys.stderr.write(error_line(error))
        return RolloutExit.NOT_YET
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return RolloutExit.CONFIG
    except ServerError as error:
        sys.stderr.write(error_line(error))
        return RolloutExit.SERVER
    except OSError as error:
        sys.stderr.write(error_line(f"The files must be readable and writable. Received: {error}"))
        return RolloutExit.CONFIG
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from here.\n")
    return RolloutExit.NOT_YET


def _first(request: RolloutRequest) -> RolloutExit:
    number = _named(request)
    if number is None:
        raise ConfigError("first needs the number of a version: rollout.py first VERSION")
    if request.config.exists():
        raise ConfigError(
            f"{request.config} must not exist before the first version. Move it away, or go on "
            "with: rollout.py canary VERSION"
        )
    _check_version(request, number)
    config = models_config.new(request.config, request.model, request.base_path)
    _rolling(request).begin(config, number)
    return RolloutExit.DONE


def _canary(request: RolloutRequest) -> RolloutExit:
    number = _named(request)
    if number is None:
        raise ConfigError("canary needs the number of a version: rollout.py canary VERSION")
    return _move(request, _config(request), "canary", CANARY, number)


def _promote(request: RolloutRequest) -> RolloutExit:
    config, number = _config(request), _named(request)
    number = config.served.labels.get(CANARY) if number is None else number
    if number is None:
        raise ConfigError(
            f"promote takes the canary's version, or one by its number. Received: neither; "
            f"{config.path} has {config.served}"
        )
    return _move(request, config, "promote", STABLE, number)


def _rollback(request: RolloutRequest) -> RolloutExit:
    config, number = _config(request), _named(request)
    if number is None:
        steps = history.read(config.path)
        number = history.stable_before(steps, config.served.labels[STABLE])
    if number is None:
        raise ConfigError(
            f"{history.file_of(config.path)} has no version that was stable before. Name one: "
            f"rollout.py rollback VERSION. {config.path} has {config.served}"
        )
    return _move(request, config, "rollback", STABLE, number)


def _retire(request: RolloutRequest) -> RolloutExit:
    config, number = _config(request), _named(request)
    if number not in config.served.versions or number == config.served.labels[STABLE]:
        raise ConfigError(
            f"retire takes a version that {config.path} loads and that {STABLE} does not point "
            f"to. Received: {number}; it has {config.served}"
        )
    _rolling(request).retire(config, number)
    return RolloutExit.DONE


def _fetch(request: RolloutRequest, open_bucket: Callable[[str], Source]) -> RolloutExit:
    if request.what is None:
        raise ConfigError("fetch needs the folder to copy from: rollout.py fetch FOLDER")
    models = _models(request)
    name = request.what.rstrip("/")
    source = open_bucket(name) if "://" in name else FolderSource(Path(name))
    number = versions.fetch(source, models, request.version)
    _say(f"{models / str(number)} is there, as its manifest says")
    return RolloutExit.DONE


def _status(request: RolloutRequest) -> RolloutExit:
    served = _config(request).served
    _say(f"{request.config}: {served}")
    agree = True
    for server in _servers(request):
        states = server.states()
        labels = {label: server.version_of(label) for label in served.labels}
        listed = ", ".join(f"{n} {state.state}" for n, state in sorted(states.items()))
        _say(f"{server.url}: {listed or 'no version'}")
        for label, number in sorted(labels.items()):
            _say(f"{server.url}: {label} is answered by {number or 'nothing'}")
        agree &= labels == served.labels
    return RolloutExit.DONE if agree else RolloutExit.NOT_YET


HANDLERS = {
    "first": _first,
    "canary": _canary,
    "promote": _promote,
    "rollback": _rollback,
    "retire": _retire,
    "status": _status,
}
"""The commands but ``fetch``."""


def _move(
    request: RolloutRequest, config: ModelsConfig, command: Command, label: str, number: int
) -> RolloutExit:
    # What servers have loaded already is not read again: a rollback needs no folder.
    if number not in config.served.versions or request.models is not None:
        _check_version(request, number)
    _rolling(request).change(config, config.served.pointing(label, number), command)
    return RolloutExit.DONE


def _rolling(request: RolloutRequest) -> Rolling:
    return Rolling(_servers(request), request.wait, request.reload, _say)


def _servers(request: RolloutRequest) -> list[Server]:
    files = TlsFiles(request.ca, request.cert, request.key)
    servers = []
    for url in request.server:
        address = parse_address(url)._replace(model=request.model)
        connection = read_connection(address, request.token_file, files)
        servers.append(connect(address, request.timeout, connection))
    return servers


def _config(request: RolloutRequest) -> ModelsConfig:
    return models_config.read(request.config, request.model)


def _models(request: RolloutRequest) -> Path:
    if request.models is None:
        raise ConfigError(
            f"{request.command} needs --models FOLDER: the folder {request.model} with the "
            "versions, as this machine sees it"
        )
    return request.models


def _check_version(request: RolloutRequest, number: int) -> None:
    if warning := versions.check(_models(request), number):
        sys.stderr.write(f"warning: {warning}\n")


def _named(request: RolloutRequest) -> int | None:
    if request.what is None:
        return None
    number = version_number(request.what)
    if number is None:
        raise ConfigError(
            f"A version is a whole number, the name of its folder. Received: {request.what!r}"
        )
    return number


@contextlib.contextmanager
def _alone(request: RolloutRequest) -> Iterator[None]:
    """Keeps a second command away from the same file."""
    if request.command in ("fetch", "status"):
        yield
        return
    try:
        with FileLock(request.config.with_name(f".{request.config.name}.lock"), timeout=0):
            yield
    except Timeout as error:
        raise ConfigError(
            f"Another rollout.py is changing {request.config}. Wait for its end"
        ) from error


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
