"""The worker's part of taking Examples over from earlier results."""

import logging
from collections.abc import Sequence
from typing import IO, Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from components.pet_example_gen.earlier_results import SHARD
from dataset.csv_rows import Row
from schemas import features, frame_columns
from system.parquet import read_table
from system.storage import open_file
from system.tfrecords import unframed

_LOGGER = logging.getLogger(__name__)


class KnownSamples:
    """The Examples and frames of a block's rows that earlier results have.

    A shard that is damaged or gone is named in a warning once, and no longer looked at.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Reads the frames.

        Args:
          paths: files of ``earlier_results.deal_out``, the newest result's first.
        """
        self._frames: dict[str, dict[str, Any]] = {}
        for path in paths:
            for frame in read_table(path, [*frame_columns.COLUMNS, SHARD]).to_pylist():
                if frame[frame_columns.KEY]:
                    self._frames.setdefault(frame[frame_columns.KEY], frame)
        self._damaged: set[str] = set()
        self._path = ""
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "KnownSamples":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def get(self, row: Row, key: str) -> tuple[bytes, dict[str, Any]] | None:
        """Returns a row's serialised Example and its frame, with the row's line; None if unknown.

        Args:
          row: as it is now.
          key: see ``row_keys.row_key``.
        """
        frame = self._frames.get(key)
        if frame is None or frame[SHARD] in self._damaged:
            return None
        try:
            record = self._record(frame)
            example = tf.train.Example.FromString(record)
            feature = example.features.feature
            (path,) = feature[features.IMAGE_PATH].bytes_list.value
            if path != row.image_path.encode("utf-8", "surrogateescape"):
                raise ValueError(f"{frame[SHARD]} has another row's record")
        except (OSError, ValueError, DecodeError) as error:
            _LOGGER.warning("The photos of an earlier shard are read again: %s", error)
            self._damaged.add(frame[SHARD])
            return None
        feature[features.SOURCE_LINE].int64_list.value[:] = [row.line]
        known = {name: frame[name] for name in frame_columns.COLUMNS}
        known[frame_columns.LINE] = row.line
        return example.SerializeToString(deterministic=True), known

    def _record(self, frame: dict[str, Any]) -> bytes:
        # Rows come clip by clip, and the records of a clip lie side by side.
        if frame[SHARD] != self._path or self._file is None:
            self._close()
            self._path, self._file = frame[SHARD], open_file(frame[SHARD], "rb")
        size, offset = frame[frame_columns.RECORD_BYTES], frame[frame_columns.OFFSET]
        self._file.seek(offset)
        record = unframed(self._file.read(size + frame_columns.RECORD_OVERHEAD), size)
        if record is None:
            raise ValueError(f"{frame[SHARD]} is damaged at byte {offset}")
        return record

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
