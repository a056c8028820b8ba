"""Counts the rows of blocks and of splits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from dataset.csv_rows import Row
from schemas.documents.ingest import BlockCounts, SplitCounts
from schemas.reasons import RejectReason


class _Sample(Protocol):
    @property
    def row(self) -> Row: ...

    @property
    def clipped(self) -> bool: ...


class _Refusal(Protocol):
    @property
    def row(self) -> Row: ...

    @property
    def reason(self) -> RejectReason: ...


class BlockCounter:
    """Counts the rows of a block, clip by clip."""

    def __init__(self) -> None:
        self._rows = 0
        self._clips: set[str] = set()
        self._clipped = 0
        self._used = Counter[str]()
        self._thinned = Counter[str]()
        self._refused = Counter[str]()

    def add(
        self, rows: Sequence[Row], samples: Sequence[_Sample], refusals: Sequence[_Refusal]
    ) -> None:
        """Adds a clip: its rows, those that are used, and those that are refused."""
        self._rows += len(rows)
        self._clips.update(sample.row.clip for sample in samples)
        self._clipped += sum(sample.clipped for sample in samples)
        self._used.update(sample.row.label for sample in samples)
        self._refused.update(refusal.reason.value for refusal in refusals)
        if len(samples) + len(refusals) < len(rows):
            self._thinned.update(row.label for row in rows)
            self._thinned.subtract(sample.row.label for sample in samples)
            self._thinned.subtract(refusal.row.label for refusal in refusals)

    def counts(self, reused: int, read: int) -> BlockCounts:
        """Returns the sums; moods and reasons without rows are left out.

        Args:
          reused: see ``BlockCounts``.
          read: likewise.
        """
        return {
            "rows": self._rows,
            "used": self._used.total(),
            "clips": len(self._clips),
            "clipped": self._clipped,
            "moods": dict(self._used),
            "thinned": {mood: count for mood, count in self._thinned.items() if count},
            "refused": dict(self._refused),
            "reused": reused,
            "read": read,
        }


def split_counts(counts: Sequence[SplitCounts], moods: Sequence[str]) -> SplitCounts:
    """Returns the sums over a split's blocks, with every mood and every reason."""
    reasons = [reason.value for reason in RejectReason]
    return {
        "rows": sum(count["rows"] for count in counts),
        "used": sum(count["used"] for count in counts),
        "clips": sum(count["clips"] for count in counts),
        "clipped": sum(count["clipped"] for count in counts),
        "bytes": sum(count["bytes"] for count in counts),
        "moods": _sums((count["moods"] for count in counts), moods),
        "thinned": _sums((count["thinned"] for count in counts), moods),
        "refused": _sums((count["refused"] for count in counts), reasons),
        "reused": sum(count["reused"] for count in counts),
        "read": sum(count["read"] for count in counts),
    }


def _sums(counts: Iterable[dict[str, int]], names: Sequence[str]) -> dict[str, int]:
    summed = Counter[str]()
    for count in counts:
        summed.update(count)
    return {name: summed[name] for name in names}
