"""Reads single records of TFRecord shards by their places, in any order."""

import functools
import os

import numpy as np
import numpy.typing as npt

from models.inputs.clip_sampler import Numbers
from models.inputs.shard_index import ShardIndex
from schemas.frame_columns import RECORD_OVERHEAD
from system.tfrecords import unframed

Records = npt.NDArray[np.object_]
"""Serialised Examples, bytes[n]."""

_OPEN_FILES = 256
"""Shards that are kept open; a process may usually have 1,024 files open."""


class RecordReader:
    """Reads records on this machine; several threads may use it at once.

    A record costs one system call and some 20 microseconds of CPU, as much as a record of a
    ``TFRecordDataset`` in order.
    """

    def __init__(self, index: ShardIndex) -> None:
        """Creates the reader.

        Args:
          index: of shards whose paths are of this machine, not of a bucket.
        """
        self._index = index
        self._open = functools.lru_cache(maxsize=_OPEN_FILES)(_OpenFile)

    def read(self, examples: Numbers) -> Records:
        """Returns serialised Examples as an array of bytes.

        Args:
          examples: int[n], positions in the index.

        Raises:
          ValueError: if a record is not where the index says, or is damaged.
          OSError: if a shard cannot be read.
        """
        index = self._index
        records = [
            self._record(index.files[shard], offset, size)
            for shard, offset, size in zip(
                index.shards[examples].tolist(),
                index.offsets[examples].tolist(),
                index.sizes[examples].tolist(),
                strict=True,
            )
        ]
        array = np.empty(len(records), object)
        array[:] = records
        return array

    def _record(self, path: str, offset: int, size: int) -> bytes:
        file = self._open(path)  # A name of its own keeps it open should the cache let it go.
        framed = os.pread(file.descriptor, size + RECORD_OVERHEAD, offset)
        record = unframed(framed, size)
        if record is None:
            raise ValueError(
                f"A shard must hold whole records where its frames table says. Received: {path}, "
                f"byte {offset}. Remove the folder of results that it lies in, and run again"
            )
        return record


class _OpenFile:
    """A file that is open until nobody refers to it."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # Otherwise the system reads far more than the record.
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_RANDOM)

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)
