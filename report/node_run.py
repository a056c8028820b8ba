"""How a node of a run ended, and its outputs.

Nothing of TFX is imported here, so that reading a run's results stays fast.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class NodeState(str, enum.Enum):
    """How a node ended."""

    DONE = "done"
    REUSED = "reused"
    """The outputs of an earlier run were taken."""
    SKIPPED = "skipped"
    """There was nothing to do, such as looking for a blessed model where there is none."""
    FAILED = "failed"
    STOPPED = "stopped"
    """By Ctrl-C or SIGTERM."""


class OutputArtifact(NamedTuple):
    """An output of one execution, as ML Metadata describes it."""

    type_name: str
    uri: str
    properties: Mapping[str, str | int | float]


@dataclass(frozen=True)
class NodeRun:
    """One node of one run.

    Attributes:
      node: its id.
      seconds: duration, including the look-up of earlier outputs.
      state: how it ended.
      outputs: artifacts of this run's execution, reused or new.
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
