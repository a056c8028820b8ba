"""The record of a serving folder's versions."""

from typing import TypedDict


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
