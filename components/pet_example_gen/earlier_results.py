"""Finds results of earlier executions, and gives each block the frames that it may take over.

On one machine results are found by their folders, which TFX lays out as
``<node>/<output>/<execution id>``. On a cluster each run has a folder of its own, so that each
ingest leaves an entry in a log below the pipeline's root. No trust is needed: every row of a result
has its key (``row_keys``), every record a checksum. A result that is pruned meanwhile, or damaged,
costs reading photos again.
"""

import json
import logging
import posixpath
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dataset.partition import Partition
from schemas import artifacts, frame_columns
from schemas.documents.ingest import IngestResult
from schemas.errors import ConfigError
from schemas.splits import FRAMES, RECORDS, split_folder
from system import storage
from system.arrow import pa
from system.parquet import read_table, write_table
from system.storage import open_file

_LOGGER = logging.getLogger(__name__)

SHARD = "shard"
"""Column of the files that ``deal_out`` writes: path of the shard with the row's record."""
_MAX_RESULTS = 3
"""The newest results are searched: a run on a few rows, or one that others follow, hides no
larger one."""
_BUFFERED_ROWS = 200_000

BlockName = tuple[str, int]
"""Split and number of a block."""


class EarlierResult(NamedTuple):
    """Folders of an earlier execution's Examples and frames."""

    examples: str
    frames: str


def find_results(examples: str, frames: str, rejects: str, version: str) -> list[EarlierResult]:
    """Returns the newest results that were read in the same way, the newest first.

    Args:
      examples: folder of this execution's Examples.
      frames: of its frames.
      rejects: of its refused rows and counts.
      version: see ``row_keys.reading_version``.
    """
    own = posixpath.basename(rejects)
    if "://" in rejects or not _is_id(own):
        return []
    parents = [Path(posixpath.dirname(uri)) for uri in (examples, frames, rejects)]
    ids = sorted(
        (path.name for path in parents[2].iterdir() if _is_id(path.name) and path.name != own),
        key=int,
        reverse=True,
    )
    found = []
    for name in ids:
        if _version_of(parents[2] / name / artifacts.INGEST_JSON) == version:
            found.append(EarlierResult(str(parents[0] / name), str(parents[1] / name)))
    return found[:_MAX_RESULTS]


def find_logged(log: str, version: str) -> list[EarlierResult]:
    """Returns the newest results of a log that were read in the same way, the newest first.

    Args:
      log: folder of the entries.
      version: see ``row_keys.reading_version``.
    """
    found = []
    for path in reversed(storage.matching(f"{log}/{version}/*.json")):
        try:
            entry: IngestResult = json.loads(storage.read_bytes(path))
            found.append(EarlierResult(entry["examples"], entry["frames"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            _LOGGER.warning("%s is passed over: %r", path, error)
        if len(found) == _MAX_RESULTS:
            break
    return found


def add_to_log(log: str, version: str, result: EarlierResult) -> None:
    """Leaves an entry for a result that has ended, for later ingests to find."""
    entry: IngestResult = {"examples": result.examples, "frames": result.frames}
    folder = f"{log}/{version}"
    storage.make_folder(folder)
    # Names in the order of time. Two runs that end in the same nanosecond share one entry.
    storage.write_whole(f"{folder}/{time.time_ns():020d}.json", json.dumps(entry))


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _version_of(path: Path) -> str | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # Pruned, or written by something else.
        return None
    return document.get("version") if isinstance(document, dict) else None


def deal_out(
    results: Sequence[EarlierResult], partitions: Sequence[Partition], folder: str
) -> dict[BlockName, tuple[str, ...]]:
    """Writes the earlier frames of each block's clips to files of a folder.

    A clip that is in another split now is read again.

    Returns:
      The files of each block, those of the newest result first.
    """
    writer = _FramesWriter(folder)
    for result in results:
        for partition in partitions:
            for split in dict.fromkeys(block.split for block in partition.blocks):
                for table in _tables(result, split):
                    writer.add_all(split, partition, table)
    writer.flush()
    return {block: tuple(paths) for block, paths in writer.paths.items()}


def _tables(result: EarlierResult, split: str) -> Iterator[pa.Table]:
    """Yields the frames tables of a split's shards, with the column ``SHARD``."""
    pattern = posixpath.join(result.frames, split_folder(split), f"*{FRAMES}")
    for path in storage.matching(pattern):
        try:
            table = read_table(path, list(frame_columns.COLUMNS))
        except (ConfigError, OSError) as error:
            _LOGGER.warning("The photos of an earlier shard are read again: %s", error)
            continue
        name = posixpath.basename(path).removesuffix(FRAMES) + RECORDS
        shard = posixpath.join(result.examples, split_folder(split), name)
        yield table.append_column(SHARD, pa.repeat(shard, len(table)))


class _FramesWriter:
    """Collects earlier frames by block, and writes them to numbered files."""

    def __init__(self, folder: str) -> None:
        self.paths: dict[BlockName, list[str]] = {}
        self._folder = folder
        self._buffer: dict[BlockName, list[pa.Table]] = {}
        self._rows = 0

    def add_all(self, split: str, partition: Partition, table: pa.Table) -> None:
        clips, clip_of_row = np.unique(
            np.array(table[frame_columns.CLIP].to_pylist(), object), return_inverse=True
        )
        found = [partition.block_of(split, clip) for clip in clips]
        numbers = np.array([-1 if number is None else number for number in found], int)
        number_of_row = numbers[clip_of_row] if len(clips) else np.zeros(0, int)
        for number in np.unique(number_of_row[number_of_row >= 0]).tolist():
            chosen = table.take(np.flatnonzero(number_of_row == number))
            self._buffer.setdefault((split, number), []).append(chosen)
        self._rows += len(table)
        if self._rows >= _BUFFERED_ROWS:
            self.flush()

    def flush(self) -> None:
        for (split, number), tables in self._buffer.items():
            paths = self.paths.setdefault((split, number), [])
            path = f"{self._folder}/{split}-{number:05d}-earlier-{len(paths):05d}{FRAMES}"
            with open_file(path, "wb") as file:
                write_table(pa.concat_tables(tables), file)
            paths.append(path)
        self._buffer.clear()
        self._rows = 0
