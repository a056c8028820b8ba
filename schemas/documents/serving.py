"""Records of a serving folder's versions, and of the changes of a server's configuration."""

from typing import Literal, TypedDict

Command = Literal["first", "canary", "promote", "rollback", "retire"]
"""What changed a configuration."""


class PushedVersion(TypedDict):
    """A line of ``system.pushed_versions.HISTORY``: a version that was pushed, or was about to be.

    Attributes:
      version: its number.
      manifest_sha256: SHA-256 of its manifest (``system.manifest``).
      model: URI of the Model artifact that it is a copy of.
      created: when that artifact was made, milliseconds since 1970; 0 where it is not known.
    """

    version: int
    manifest_sha256: str
    model: str
    created: int


class RolloutStep(TypedDict):
    """A line of ``client.rollout.history``: a configuration that was written, or was about to be.

    Attributes:
      time: in UTC, as ``2026-01-31T09:00:00+00:00``.
      command: what changed it.
      versions: numbers that the servers load, in rising order.
      labels: the version that each label points to.
    """

    time: str
    command: Command
    versions: list[int]
    labels: dict[str, int]
