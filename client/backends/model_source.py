"""From what the flags name to a model that can be asked.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client.backends.address import Address, parse_address
from client.backends.expected_model import ExpectedModel, check_expected, expected_model
from client.backends.model import Model, ModelInfo
from client.backends.weight_path import WeightPath, info_of, locate, state_of
from schemas.errors import ConfigError


@dataclass(frozen=True)
class ModelFlags:
    """What the flags of ``client.model_flags`` say.

    Attributes:
      weight_path: see ``client.backends.weight_path``; None where a server is asked.
      server: see ``client.backends.address``; None where ``weight_path`` is asked.
      timeout: seconds that a request to a server may take.
      input_size, classes, label: see ``client.backends.expected_model``.
    """

    weight_path: Path | None = None
    server: str | None = None
    timeout: float = 30.0
    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None


class ModelSource(NamedTuple):
    """Where answers come from.

    Attributes:
      load: loads it.
      words: what that is called, for whoever waits.
      identity: changes when another model takes its place on the disk. What a server serves
        under an address without /versions/N may change unnoticed.
      note: what the user should know of the choice, or "".
    """

    load: Callable[[], Model]
    words: str
    identity: str
    note: str = ""


def model_source(named: ModelFlags) -> ModelSource:
    """Returns where the answers will come from, checked as far as that needs no TensorFlow.

    Raises:
      ConfigError: the flags name no model, or one that they contradict.
    """
    expected = expected_model(named.input_size, named.classes, named.label)
    if not named.timeout > 0:
        raise ConfigError(f"--timeout must be above 0 seconds. Received: {named.timeout}")
    if named.server is not None:
        address = parse_address(named.server)
        return ModelSource(
            lambda: _served(address, expected, named.timeout), f"Asking {address.url}", address.url
        )
    if named.weight_path is None:
        raise ConfigError("Either --weight_path or --server must name a model. Received: neither")
    weights = locate(named.weight_path)
    info = None
    if weights.is_version:
        info = info_of(weights.path)
        check_expected(expected, info)
    return ModelSource(
        lambda: _loaded(weights, info, expected),
        "Loading TensorFlow and the model",
        f"{weights.path.absolute()} ({state_of(weights)})",
        weights.note,
    )


def _served(address: Address, expected: ExpectedModel, timeout: float) -> Model:
    from client.backends.tf_serving import ServingModel

    return ServingModel(address, expected, timeout)


def _loaded(weights: WeightPath, info: ModelInfo | None, expected: ExpectedModel) -> Model:
    if info is not None:
        from client.backends.saved_model import SavedModel

        return SavedModel(weights.path, info)
    from client.backends.checkpoint import CheckpointModel

    return CheckpointModel(weights.path, expected)
