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
      reused: rows whose Example was taken over from an earlier result, thinned ones included.
      read: rows whose photo was read. Other rows were refused, or left out, without that.
    """

    rows: int
    used: int
    clips: int
    clipped: int
    moods: dict[str, int]
    thinned: dict[str, int]
    refused: dict[str, int]
    reused: int
    read: int


class SplitCounts(BlockCounts):
    """Rows of one split, or of a finished block; ``bytes`` is the size of the shards."""

    bytes: int


class IngestResult(TypedDict):
    """Entry of a log of ingests: folders of one that has ended."""

    examples: str
    frames: str


class Ingest(TypedDict):
    """``INGEST_JSON``.

    Attributes:
      splits: the counts of each split.
      version: hash of the settings and the code that Examples depend on; a later ingest with the
        same may take them over.
    """

    splits: dict[str, SplitCounts]
    version: str
