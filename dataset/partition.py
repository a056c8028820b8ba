"""Dealing the rows of a CSV out to blocks: one block is one shard and one worker's task.

All rows of a clip come into one block, in the CSV's order, so that duplicates meet and a
split never cuts through a clip. Clips are hashed into many buckets, and the buckets packed into
blocks of nearly equal size. Memory is bounded by ``_BUFFERED_ROWS`` and ``_BUCKETS`` whatever
the size of the CSV; the rows wait in small files, the photos are not touched.
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

_BUFFERED_ROWS = 200_000
_BUCKETS = 65_536
"""About as many as AI Hub has clips: a block of 4,096 rows is filled to a clip or two."""


class Block(NamedTuple):
    """Rows that become one shard.

    Attributes:
      split: name of the split.
      number: of the block within its split, from 0.
      of: number of blocks of the split.
      parts: the files that hold its rows, in order.
      rows: number of rows.
      source: the CSV that the rows come from.
    """

    split: str
    number: int
    of: int
    parts: tuple[str, ...]
    rows: int
    source: str


class Dealing(NamedTuple):
    """How rows were dealt out.

    Attributes:
      blocks: of every split, in order; a split has at least one block, if an empty one.
      labels: rows of each label, by split.
    """

    blocks: list[Block]
    labels: dict[str, dict[str, int]]


class SplitShare(NamedTuple):
    """A split and its share of the clips, out of the sum of all shares."""

    name: str
    share: int


# Rows of a clip follow one another in most tables.
@functools.lru_cache(maxsize=1024)
def bucket_of(key: str, buckets: int) -> int:
    """Returns the bucket, 0..buckets-1, of a clip or an animal; the same on every machine."""
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % buckets


def split_of(key: str, shares: Sequence[SplitShare]) -> str:
    """Returns the split that a clip or an animal belongs to."""
    if len(shares) == 1:
        return shares[0].name
    # The prefix keeps this hash apart from the one that deals clips out to blocks.
    bucket = bucket_of("split:" + key, sum(share.share for share in shares))
    for name, share in shares:
        if bucket < share:
            return name
        bucket -= share
    raise AssertionError("the shares add up to the number of buckets")


def deal_out(
    source: str,
    shares: Sequence[SplitShare],
    shard_rows: int,
    folder: str,
    opener: Opener = open,
    *,
    labelled: bool = True,
) -> Dealing:
    """Deals the rows of a CSV out to blocks of about ``shard_rows`` rows.

    Args:
      source: path of the CSV.
      shares: one entry gives every row to that split; several split by clip or animal.
      shard_rows: rows a block should have.
      folder: where the blocks' files are written; must exist.
      opener: opens files of the CSV's and the folder's storage.
      labelled: as for ``read_rows``.

    Raises:
      DataRefusedError: as ``read_rows`` does, or where there is no row at all.
    """
    sizes: dict[str, Counter[int]] = {share.name: Counter() for share in shares}
    labels: dict[str, Counter[str]] = {share.name: Counter() for share in shares}
    for row in read_rows(source, opener, labelled=labelled):
        split = split_of(row.split_key, shares)
        sizes[split][bucket_of(row.clip, _BUCKETS)] += 1
        labels[split][row.label] += 1
    if not any(sizes.values()):
        raise DataRefusedError(f"{source} has a header and no rows.")
    block_of = {split: _packed(buckets, shard_rows) for split, buckets in sizes.items()}
    writer = _PartWriter(folder, opener)
    for row in read_rows(source, opener, labelled=labelled):
        split = split_of(row.split_key, shares)
        writer.add((split, block_of[split][bucket_of(row.clip, _BUCKETS)]), row)
    writer.flush()
    counts = {split: max(places.values(), default=0) + 1 for split, places in block_of.items()}
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
    return Dealing(blocks, {split: dict(counter) for split, counter in labels.items()})


def _packed(sizes: Mapping[int, int], shard_rows: int) -> dict[int, int]:
    """Returns each bucket's block, the largest bucket going first to the emptiest block.

    Ronald L. Graham, "Bounds on Multiprocessing Timing Anomalies" (1969): longest processing
    time first.
    """
    count = min(max(1, math.ceil(sum(sizes.values()) / shard_rows)), max(1, len(sizes)))
    blocks = [(0, number) for number in range(count)]
    block_of = {}
    for bucket in sorted(sizes, key=lambda name: (-sizes[name], name)):
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
    """Collects rows by block and writes them out in numbered files.

    Files are never appended to: object stores cannot.
    """

    def __init__(self, folder: str, opener: Opener) -> None:
        self.parts: dict[tuple[str, int], list[str]] = {}
        self.rows: dict[tuple[str, int], int] = {}
        self._folder = folder
        self._opener = opener
        self._waiting: dict[tuple[str, int], list[Row]] = {}
        self._count = 0

    def add(self, block: tuple[str, int], row: Row) -> None:
        self._waiting.setdefault(block, []).append(row)
        self.rows[block] = self.rows.get(block, 0) + 1
        self._count += 1
        if self._count >= _BUFFERED_ROWS:
            self.flush()

    def flush(self) -> None:
        for (split, number), rows in self._waiting.items():
            parts = self.parts.setdefault((split, number), [])
            path = f"{self._folder}/{split}-{number:05d}-{len(parts):05d}.csv"
            with self._opener(path, "w") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
            parts.append(path)
        self._waiting.clear()
        self._count = 0
