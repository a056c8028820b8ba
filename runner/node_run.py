"""What is known of a node once it has run. No TFX here, so that reading it stays fast."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class NodeState(str, enum.Enum):
    """How a node ended."""

    DONE = "done"
    REUSED = "reused"
    """Its outputs of an earlier run were taken."""
    SKIPPED = "skipped"
    """It had nothing to do, such as looking for a blessed model where there is none."""
    FAILED = "failed"
    STOPPED = "stopped"
    """By Ctrl-C or SIGTERM."""


class OutputArtifact(NamedTuple):
    """An output of one execution, as ML Metadata has it."""

    type_name: str
    uri: str
    properties: Mapping[str, str | int | float]


@dataclass(frozen=True)
class NodeRun:
    """One node of one run.

    Attributes:
      node: its id.
      seconds: how long it took, the look-up of earlier outputs included.
      state: how it ended.
      outputs: what this run's execution put out, reused or new.
      peak_bytes: most memory that all processes held at once while it ran.
    """

    node: str
    seconds: float
    state: NodeState
    outputs: tuple[OutputArtifact, ...] = ()
    peak_bytes: int = 0

    @property
    def cached(self) -> bool:
        """Whether the outputs of an earlier run were taken."""
        return self.state is NodeState.REUSED
