"""Reads the Frames artifact: some columns, a batch of rows at a time."""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfx.dsl.io import fileio

from schemas.splits import split_folder
from system.arrow import pa
from system.buckets.stores import is_remote
from system.parallel import ahead
from system.parquet import read_table
from system.patterns import escaped

BATCH_ROWS = 1 << 18


class SplitFrames:
    """The frames of one split, in the order of its shards."""

    def __init__(self, frames_uri: str, split: str) -> None:
        self.split = split
        folder = escaped(posixpath.join(frames_uri, split_folder(split)))
        self._shards = sorted(fileio.glob(posixpath.join(folder, "*.parquet")))

    @property
    def exists(self) -> bool:
        """Whether the ingest wrote the split: its folder has at least one shard, maybe empty."""
        return bool(self._shards)

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """Yields some columns; a batch is as many whole shards as make up ``rows`` rows."""
        pending: list[pa.Table] = []

        def read(shard: str) -> pa.Table:
            return read_table(shard, columns)

        is_far = any(map(is_remote, self._shards))
        for table in ahead(read, self._shards) if is_far else map(read, self._shards):
            pending.append(table)
            if sum(len(table) for table in pending) >= rows:
                yield pa.concat_tables(pending)
                pending = []
        if pending:
            yield pa.concat_tables(pending)

    def rows(
        self, indices: npt.NDArray[np.int64], columns: Sequence[str]
    ) -> dict[int, dict[str, Any]]:
        """Returns the rows with these indices, counted from 0 through all shards."""
        distinct = np.unique(indices)
        rows: dict[int, dict[str, Any]] = {}
        begin = 0
        for table in self.batches(columns):
            end = begin + len(table)
            in_batch = distinct[(distinct >= begin) & (distinct < end)]
            values = table.take(pa.array(in_batch - begin)).to_pylist()
            rows.update(zip(in_batch.tolist(), values, strict=True))
            begin = end
        return rows
