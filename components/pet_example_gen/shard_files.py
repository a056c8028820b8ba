"""The files of a block: written whole or not at all, and found again after an interruption.

``.tfrecord`` has the Examples, ``.parquet`` the frames and ``.rejects.csv`` the refused rows.
``.json`` comes last and has the counts, the block's key and the sizes of the other files: the
block is finished where this file has the right key.
"""

import contextlib
import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from dataset.frames_schema import arrow_schema
from schemas import frame_columns
from schemas.documents.ingest import BlockCounts, SplitCounts
from schemas.splits import FRAMES, RECORDS
from system.arrow import pa
from system.attempts import attempt
from system.parallel import ahead
from system.parquet import write_table
from system.storage import open_file, put_files, read_bytes, size

_REJECTS, _COUNTS = ".rejects.csv", ".json"


class BlockRecord(SplitCounts):
    """The ``.json`` of a block.

    Attributes:
      key: hash of all that the block's files depend on.
      sizes: of the other files by their endings, bytes.
    """

    key: str
    sizes: dict[str, int]


class ShardWriter:
    """Writes the files of one block under temporary names, and renames them at the end.

    Two workers may work on the same block at once; see ``system.attempts``, also for what a
    worker leaves that fails or is killed.
    """

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._frames: list[dict[str, Any]] = []
        self._offset = 0
        self._attempt = contextlib.ExitStack()

    def __enter__(self) -> "ShardWriter":
        with contextlib.ExitStack() as stack:
            self._partial = stack.enter_context(attempt(self._stem))
            self._records = tf.io.TFRecordWriter(self._partial + RECORDS)
            # Also after an error, when the last bytes may not get to the disk either.
            stack.push(self._close_records)
            self._attempt = stack.pop_all()
        return self

    def write(self, record: bytes, frame: dict[str, Any]) -> None:
        """Adds an Example and its row of the frames table, but for where the Example lies."""
        self._records.write(record)
        place = {
            frame_columns.OFFSET: self._offset,
            frame_columns.RECORD_BYTES: len(record),
        }
        self._frames.append(frame | place)
        self._offset += len(record) + frame_columns.RECORD_OVERHEAD

    def finish(self, key: str, counts: BlockCounts, rejects: Sequence[Sequence[object]]) -> None:
        """Writes the block's other files, and gives all files their names, the counts' last."""
        self._records.close()
        table = pa.Table.from_pylist(self._frames, schema=arrow_schema())
        with open_file(self._partial + FRAMES, "wb") as file:
            write_table(table, file, compression="zstd")
        with open_file(self._partial + _REJECTS, "w") as file:
            # Python 3.10 leaves a carriage return unquoted, which then ends a line.
            csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rejects)

        sizes = {ending: size(self._partial + ending) for ending in (RECORDS, FRAMES, _REJECTS)}
        record: BlockRecord = {"key": key, "sizes": sizes, "bytes": sizes[RECORDS], **counts}
        with open_file(self._partial + _COUNTS, "w") as file:
            file.write(json.dumps(record, ensure_ascii=False))
        endings = (RECORDS, FRAMES, _REJECTS, _COUNTS)
        put_files([(self._partial + ending, self._stem + ending) for ending in endings])

    def __exit__(self, *raised: Any) -> None:
        self._attempt.__exit__(*raised)

    def _close_records(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._records.close()
        except tf.errors.OpError:
            if kind is None:
                raise


def is_finished(stem: str, key: str) -> bool:
    """Returns whether all of the block's files are there, whole, and have the key."""
    try:
        record = read_counts(stem)
        # A machine that lost its power may have kept the last file and lost the others.
        return record["key"] == key and all(
            size(stem + ending) == length for ending, length in record["sizes"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def read_counts(stem: str) -> BlockRecord:
    """Returns the counts that ``ShardWriter.finish`` was given, with the key and the sizes."""
    with open_file(stem + _COUNTS, "r") as file:
        record: BlockRecord = json.loads(file.read())
    return record


def read_rejects(stems: Sequence[str]) -> Iterator[list[str]]:
    """Yields the refused rows of several blocks, in the order of the blocks."""
    # Bytes, for a text's lines end at other characters too.
    for content in ahead(read_bytes, [stem + _REJECTS for stem in stems]):
        yield from csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
