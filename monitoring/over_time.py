"""Windows of a stream over time, at most some hundred however long it is."""

from collections.abc import Sequence
from typing import TypedDict

from monitoring.comparisons import Comparison

MOST = 240
"""Records; an even number. Of more, neighbours become one."""


class Judged(TypedDict):
    """A window that was judged, and those just before it that have no record of their own.

    Attributes:
      request: number of its last request, from 1.
      time: of that request, microseconds since 1970.
      values: by test: a share, or the median of an image fact.
      failed: tests that failed in any of these windows.
    """

    request: int
    time: int
    values: dict[str, float]
    failed: list[str]


class OverTime:
    """Collects windows."""

    def __init__(self) -> None:
        self._records: list[Judged] = []
        self._last: Judged | None = None
        self._failed: set[str] = set()
        self._windows, self._stride = 0, 1

    def add(
        self, request: int, time: int, found: Sequence[Comparison], failed: Sequence[str]
    ) -> None:
        """Takes a window with its tests; ``failed`` may name those of longer windows too."""
        self._failed.update(failed)
        self._windows += 1
        values = {one.test: one.value for one in found}
        self._last = {
            "request": request,
            "time": time,
            "values": values,
            "failed": sorted(self._failed),
        }
        if self._windows % self._stride:
            return
        self._records.append(self._last)
        self._last = None
        self._failed.clear()
        if len(self._records) == MOST:
            pairs = zip(self._records[::2], self._records[1::2], strict=True)
            self._records = [_joined(earlier, later) for earlier, later in pairs]
            self._stride *= 2

    def records(self) -> list[Judged]:
        """Returns the records in the order of time; the last one is of the last window."""
        return [*self._records, self._last] if self._last else [*self._records]


def _joined(earlier: Judged, later: Judged) -> Judged:
    return {**later, "failed": sorted({*earlier["failed"], *later["failed"]})}
