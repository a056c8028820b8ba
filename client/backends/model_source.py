"""From the model flags to a function that loads the model.

TensorFlow takes seconds to load, so errors that can be found without it are found first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client.backends import export_path
from client.backends.address import Address, parse_address
from client.backends.connection import Connection, read_connection
from client.backends.expected_model import ExpectedModel, check_expected, read_expected_model
from client.backends.export_path import export_at
from client.backends.model import Model, ModelInfo
from client.backends.tls import TlsFiles
from client.backends.weight_path import (
    WeightPath,
    check_contents,
    locate_weights,
    read_model_info,
    weights_state,
)
from schemas.errors import ConfigError
from system.files import size_and_time

_LONGEST_TIMEOUT = 86_400
"""Seconds, a day; an infinite one would never end."""


@dataclass(frozen=True)
class ModelFlags:
    """Values of the flags of ``client.model_flags``.

    Attributes:
      weight_path: see ``client.backends.weight_path``; None if ``server`` is given.
      server: see ``client.backends.address``; None if ``weight_path`` is given.
      timeout: time limit of a request to a server, seconds.
      token_file, ca, cert, key: see ``client.backends.connection``; for a server only.
      input_size, classes, label: see ``client.backends.expected_model``.
    """

    weight_path: Path | None = None
    server: str | None = None
    timeout: float = 30.0
    token_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None


class ModelSource(NamedTuple):
    """A model that has been found and not yet loaded.

    Attributes:
      load: loads the model or connects to it. It raises ConfigError or ServerError.
      label: name of that step, for the progress line.
      identity: a text that changes if another model replaces this one on the disk. It cannot
        show that a server has changed its model, if the address has no /versions/N.
      note: a sentence for the user about the version that was taken from a folder of versions;
        "" for any other path.
      warning: a sentence for the user about a version whose contents could not be checked; "" for
        any other model.
    """

    load: Callable[[], Model]
    label: str
    identity: str
    note: str = ""
    warning: str = ""


def find_model_source(flags: ModelFlags) -> ModelSource:
    """Returns the model that the flags name, after all checks that need no TensorFlow.

    Raises:
      ConfigError: the flags name no model, or contradict it.
    """
    expected = read_expected_model(flags.input_size, flags.classes, flags.label)
    if not 0 < flags.timeout <= _LONGEST_TIMEOUT:
        raise ConfigError(
            f"--timeout must be above 0 seconds and at most {_LONGEST_TIMEOUT}. "
            f"Received: {flags.timeout}"
        )
    files = TlsFiles(flags.ca, flags.cert, flags.key)
    if flags.server is not None:
        address = parse_address(flags.server)
        connection = read_connection(address, flags.token_file, files)
        through = f" through {connection.proxy}" if connection.proxy else ""
        return ModelSource(
            load=lambda: _connect(address, expected, flags.timeout, connection),
            label=f"Connecting to {address.url}{through}",
            identity=address.url,
        )
    if flags.token_file is not None or files != TlsFiles():
        raise ConfigError(
            "--token-file, --ca, --cert and --key go with --server. Received: --weight_path"
        )
    if flags.weight_path is None:
        raise ConfigError("Either --weight_path or --server must name a model. Received: neither")

    if (export := export_at(flags.weight_path)) is not None:
        return _export_source(export, expected)
    weights = locate_weights(flags.weight_path)
    info, warning = None, ""
    if weights.is_version:
        warning = check_contents(weights.path)
        info = read_model_info(weights.path)
        check_expected(expected, info)
    return ModelSource(
        load=lambda: _load(weights, info, expected),
        label="Loading TensorFlow and the model",
        identity=f"{weights.path.absolute()} ({weights_state(weights)})",
        note=weights.note,
        warning=warning,
    )


def _export_source(file: Path, expected: ExpectedModel) -> ModelSource:
    warning = export_path.check_contents(file)
    info = export_path.read_export_info(file)
    check_expected(expected, info)

    def load() -> Model:
        from client.backends.exported import ExportedModel

        return ExportedModel(file, info)

    return ModelSource(
        load=load,
        label=f"Loading TensorFlow and {file.name}",
        identity=f"{file.absolute()} ({size_and_time(file)})",
        warning=warning,
    )


def _connect(
    address: Address, expected: ExpectedModel, timeout: float, connection: Connection
) -> Model:
    from client.backends.tf_serving import ServingModel

    return ServingModel(address, expected, timeout, connection)


def _load(weights: WeightPath, info: ModelInfo | None, expected: ExpectedModel) -> Model:
    if info is not None:
        from client.backends.saved_model import SavedModel

        return SavedModel(weights.path, info)
    from client.backends.checkpoint import CheckpointModel

    return CheckpointModel(weights.path, expected)
