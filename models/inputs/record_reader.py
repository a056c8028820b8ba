"""Reads single records of TFRecord shards by their places, in any order."""

import functools
import os

import google_crc32c
import numpy as np
import numpy.typing as npt

from models.inputs.clip_sampler import Numbers
from models.inputs.shard_index import ShardIndex
from schemas.frame_columns import RECORD_OVERHEAD

Records = npt.NDArray[np.object_]
"""Serialised Examples, bytes[n]."""

_OPEN_FILES = 256
"""Shards that are kept open; a process may usually have 1,024 files open."""
_HEADER = 12
"""Bytes before a record: its length in 8, and a checksum of the length in 4."""
_MASK_DELTA = 0xA282EAD8
"""Checksums are stored rotated by 15 bits and with this added.

The form of a TFRecord file is TensorFlow's ``core/lib/io/record_writer.h``, and the mask
``core/lib/hash/crc32c.h``."""


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
        record = framed[_HEADER:-4]
        if (
            len(record) != size
            or int.from_bytes(framed[:8], "little") != size
            or int.from_bytes(framed[-4:], "little") != _masked(google_crc32c.value(record))
        ):
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


def _masked(checksum: int) -> int:
    rotated = (checksum >> 15) | (checksum << 17)
    return (rotated + _MASK_DELTA) & 0xFFFFFFFF
