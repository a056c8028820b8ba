"""From what the flags name to a model that can be asked.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client.backends.address import Address, parse_address
from client.backends.agreement import Wishes, check_agreement, wishes_of
from client.backends.model import Facts, Model
from client.backends.weights import Weights, facts_of, locate, state_of
from schemas.errors import ConfigError


@dataclass(frozen=True)
class Named:
    """What the flags of ``client.flags`` say.

    Attributes:
      weight_path: see ``client.backends.weights``; None where a server is asked.
      server: see ``client.backends.address``; None where ``weight_path`` is asked.
      timeout: seconds that a request to a server may take.
      input_size, classes, label: see ``client.backends.agreement``.
    """

    weight_path: Path | None = None
    server: str | None = None
    timeout: float = 30.0
    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None


class Source(NamedTuple):
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


def source_of(named: Named) -> Source:
    """Returns where the answers will come from, checked as far as that needs no TensorFlow.

    Raises:
      ConfigError: the flags name no model, or one that they contradict.
    """
    wishes = wishes_of(named.input_size, named.classes, named.label)
    if not named.timeout > 0:
        raise ConfigError(f"--timeout must be above 0 seconds. Received: {named.timeout}")
    if named.server is not None:
        address = parse_address(named.server)
        return Source(
            lambda: _served(address, wishes, named.timeout), f"Asking {address.url}", address.url
        )
    if named.weight_path is None:
        raise ConfigError("Either --weight_path or --server must name a model. Received: neither")
    weights = locate(named.weight_path)
    facts = None
    if weights.is_version:
        facts = facts_of(weights.path)
        check_agreement(wishes, facts)
    return Source(
        lambda: _loaded(weights, facts, wishes),
        "Loading TensorFlow and the model",
        f"{weights.path.absolute()} ({state_of(weights)})",
        weights.note,
    )


def _served(address: Address, wishes: Wishes, timeout: float) -> Model:
    from client.backends.tf_serving import ServedModel

    return ServedModel(address, wishes, timeout)


def _loaded(weights: Weights, facts: Facts | None, wishes: Wishes) -> Model:
    if facts is not None:
        from client.backends.saved_model import PushedModel

        return PushedModel(weights.path, facts)
    from client.backends.checkpoint import CheckpointModel

    return CheckpointModel(weights.path, wishes)
