"""Partitions the rows of a CSV into splits and blocks; a block is one shard and one worker's task.

All rows of a clip go into one block, in the CSV's order. So no clip is in two splits, and one
worker sees all duplicates of a row. Clips are hashed into many buckets, and the buckets are
packed into blocks of nearly equal size. ``_BUFFERED_ROWS`` and ``_BUCKETS`` bound the memory for
a CSV of any size. The rows are kept in small files; photos are not read.
"""

import csv
import functools
import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dataset.csv_rows import Opener, Row, read_rows
from schemas.errors import DataRefusedError
from schemas.splits import TRAIN, VALIDATION
from system.buckets.stores import is_remote
from system.parallel import in_parallel

_BUFFERED_ROWS = 200_000
_BUCKETS = 65_536
"""About as many as AI Hub has clips, so that the sizes of blocks of 4,096 rows differ by the rows
of one or two clips."""
SPLIT_BUCKETS = 1000
"""Shares of splits are rounded to 1/1000."""


class Block(NamedTuple):
    """Rows that become one shard.

    Attributes:
      split: name of the split.
      number: of the block within its split, from 0.
      num_blocks: of the split.
      parts: paths of the files that hold its rows, in order.
      rows: number of rows.
      source: path of the CSV that the rows come from.
    """

    split: str
    number: int
    num_blocks: int
    parts: tuple[str, ...]
    rows: int
    source: str


class Partition(NamedTuple):
    """The blocks of a CSV, and its labels.

    Attributes:
      blocks: of every split, in order; a split has at least one block, which may be empty.
      labels: number of rows by split and label.
      numbers: of the blocks, by split and bucket of a clip.
    """

    blocks: list[Block]
    labels: dict[str, dict[str, int]]
    numbers: dict[str, dict[int, int]]

    def block_of(self, split: str, clip: str) -> int | None:
        """Returns the number of the block that has a clip's rows; None where none can have."""
        return self.numbers.get(split, {}).get(bucket_of(clip, _BUCKETS))


class SplitShare(NamedTuple):
    """A split and its share of the clips; the whole is the sum of all shares."""

    name: str
    share: int


# Rows of a clip follow one another in most tables.
@functools.lru_cache(maxsize=1024)
def bucket_of(key: str, buckets: int) -> int:
    """Returns the bucket, 0..buckets-1, of a clip or group; the same on every machine."""
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % buckets


def split_of(key: str, shares: Sequence[SplitShare], validation_share: int = 0) -> str:
    """Returns the split of a clip or group.

    Args:
      key: name of the clip or group.
      shares: as for ``partition_rows``.
      validation_share: likewise.
    """
    split = _split_by_shares(key, shares)
    # The prefix makes this hash independent of the one that holds eval rows out: which rows are
    # eval does not depend on the validation split, and a share of train is that share.
    is_chosen_on = (
        split == TRAIN and bucket_of("validation:" + key, SPLIT_BUCKETS) < validation_share
    )
    return VALIDATION if is_chosen_on else split


def _split_by_shares(key: str, shares: Sequence[SplitShare]) -> str:
    if len(shares) == 1:
        return shares[0].name
    # The prefix makes this hash independent of the one that assigns clips to blocks.
    bucket = bucket_of("split:" + key, sum(share.share for share in shares))
    for name, share in shares:
        if bucket < share:
            return name
        bucket -= share
    raise AssertionError("the shares add up to the number of buckets")


def partition_rows(
    source: str,
    shares: Sequence[SplitShare],
    shard_rows: int,
    folder: str,
    opener: Opener = open,
    *,
    labelled: bool = True,
    validation_share: int = 0,
) -> Partition:
    """Partitions the rows of a CSV into blocks of about ``shard_rows`` rows.

    Args:
      source: path of the CSV.
      shares: a single entry gives every row to that split; several divide clips or groups.
      shard_rows: rows per block, about.
      folder: for the files with the blocks' rows; must exist.
      opener: opens files of the CSV's and the folder's storage.
      labelled: as for ``read_rows``.
      validation_share: how many of ``SPLIT_BUCKETS`` of train's clips or groups become validation;
        0 makes no such split.

    Raises:
      DataRefusedError: as ``read_rows`` does, or because there is no row.
    """
    # First pass: count the rows of each bucket, so that blocks get nearly equal sizes.
    names = [share.name for share in shares]
    if validation_share and TRAIN in names:
        names.insert(names.index(TRAIN) + 1, VALIDATION)
    sizes: dict[str, Counter[int]] = {name: Counter() for name in names}
    labels: dict[str, Counter[str]] = {name: Counter() for name in names}
    for row in read_rows(source, opener, labelled=labelled):
        split = split_of(row.split_key, shares, validation_share)
        sizes[split][bucket_of(row.clip, _BUCKETS)] += 1
        labels[split][row.label] += 1
    if not any(sizes.values()):
        raise DataRefusedError(f"{source} has a header and no rows.")
    block_of = {split: _pack(buckets, shard_rows) for split, buckets in sizes.items()}

    # Second pass: write each row to a file of its block.
    writer = _PartWriter(folder, opener)
    for row in read_rows(source, opener, labelled=labelled):
        split = split_of(row.split_key, shares, validation_share)
        writer.add((split, block_of[split][bucket_of(row.clip, _BUCKETS)]), row)
    writer.flush()

    counts = {split: max(numbers.values(), default=0) + 1 for split, numbers in block_of.items()}
    blocks = [
        Block(
            name,
            number,
            count,
            tuple(writer.parts.get((name, number), ())),
            writer.rows.get((name, number), 0),
            source,
        )
        for name, count in counts.items()
        for number in range(count)
    ]
    return Partition(blocks, {split: dict(counter) for split, counter in labels.items()}, block_of)


def _pack(sizes: Mapping[int, int], shard_rows: int) -> dict[int, int]:
    """Assigns each bucket to a block: from the largest bucket on, to the emptiest block.

    This is the rule "longest processing time first" (Ronald L. Graham, "Bounds on
    Multiprocessing Timing Anomalies", 1969).

    Args:
      sizes: rows of each bucket.
      shard_rows: rows per block, about.

    Returns:
      Number of the block, by bucket.
    """
    count = min(max(1, math.ceil(sum(sizes.values()) / shard_rows)), max(1, len(sizes)))
    blocks = [(0, number) for number in range(count)]
    block_of = {}
    for bucket in sorted(sizes, key=lambda bucket: (-sizes[bucket], bucket)):
        rows, number = blocks[0]
        heapq.heapreplace(blocks, (rows + sizes[bucket], number))
        block_of[bucket] = number
    return block_of


def rows_of_block(block: Block, opener: Opener = open) -> Iterator[Row]:
    """Yields the rows of a block in the CSV's order."""
    for part in block.parts:
        with opener(part, "r") as file:
            for line, *texts in csv.reader(file):
                yield Row(int(line), *texts)


class _PartWriter:
    """Collects rows by block and writes them to numbered files.

    It never appends to a file, because object stores cannot.
    """

    def __init__(self, folder: str, opener: Opener) -> None:
        self.parts: dict[tuple[str, int], list[str]] = {}
        self.rows: dict[tuple[str, int], int] = {}
        self._folder = folder
        self._opener = opener
        self._buffer: dict[tuple[str, int], list[Row]] = {}
        self._count = 0

    def add(self, block: tuple[str, int], row: Row) -> None:
        self._buffer.setdefault(block, []).append(row)
        self.rows[block] = self.rows.get(block, 0) + 1
        self._count += 1
        if self._count >= _BUFFERED_ROWS:
            self.flush()

    def flush(self) -> None:
        paths = {}
        for split, number in self._buffer:
            parts = self.parts.setdefault((split, number), [])
            paths[split, number] = f"{self._folder}/{split}-{number:05d}-{len(parts):05d}.csv"
            parts.append(paths[split, number])

        def write(block: tuple[str, int]) -> None:
            with self._opener(paths[block], "w") as file:
                # Python 3.10 leaves a carriage return unquoted, which then ends a line.
                writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                writer.writerows(self._buffer[block])

        if is_remote(self._folder):
            in_parallel(write, paths)
        else:
            for block in paths:
                write(block)
        self._buffer.clear()
        self._count = 0
