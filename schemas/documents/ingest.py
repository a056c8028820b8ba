"""Counts of the ingest."""

from typing import TypedDict


class BlockCounts(TypedDict):
    """Rows of a block, or of a split, as the ingest counts them.

    Attributes:
      rows: rows in the CSV.
      used: rows that became Examples.
      clips: clips of the used rows.
      clipped: used rows whose box reached past the photo's edge and was clipped.
      moods: used rows by mood; a split has every mood, in label map order.
      thinned: rows left out by ``thin.*``, by mood; likewise.
      refused: refused rows by reason; a split has every reason of ``schemas.reasons``.
    """

    rows: int
    used: int
    clips: int
    clipped: int
    moods: dict[str, int]
    thinned: dict[str, int]
    refused: dict[str, int]


class SplitCounts(BlockCounts):
    """Rows of one split, or of a finished block; ``bytes`` is the size of the shards."""

    bytes: int


class Ingest(TypedDict):
    """``INGEST_JSON``: the counts of each split."""

    splits: dict[str, SplitCounts]
