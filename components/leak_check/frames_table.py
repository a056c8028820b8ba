"""Reads the Frames artifact: some columns, a batch of rows at a time."""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tfx.dsl.io import fileio

from system.parquet import read_table

BATCH_ROWS = 1 << 18


class SplitFrames:
    """The frames of one split, in the order of its shards."""

    def __init__(self, frames_uri: str, split: str) -> None:
        folder = posixpath.join(frames_uri, f"Split-{split}")
        self._shards = sorted(fileio.glob(posixpath.join(folder, "*.parquet")))

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """Yields some columns, whole shards together until there are ``rows`` rows."""
        waiting: list[pa.Table] = []
        for shard in self._shards:
            waiting.append(read_table(shard, columns))
            if sum(len(table) for table in waiting) >= rows:
                yield pa.concat_tables(waiting)
                waiting = []
        if waiting:
            yield pa.concat_tables(waiting)

    def rows(
        self, numbers: npt.NDArray[np.int64], columns: Sequence[str]
    ) -> dict[int, dict[str, Any]]:
        """Returns the rows of these numbers, counted from 0 through all shards."""
        wanted = np.unique(numbers)
        found: dict[int, dict[str, Any]] = {}
        before = 0
        for table in self.batches(columns):
            here = wanted[(wanted >= before) & (wanted < before + len(table))]
            taken = table.take(pa.array(here - before)).to_pylist()
            found.update(zip(here.tolist(), taken, strict=True))
            before += len(table)
        return found
