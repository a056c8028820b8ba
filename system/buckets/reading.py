"""Reads an object of a bucket as a file: from front to back in one request, or parts of it."""

import io
from collections.abc import Iterator
from typing import Any

from system.buckets.stores import errors, store_of
from system.parallel import Reserve

BLOCK = 4 << 20
"""Bytes that are fetched at a time."""
_BUFFER = 1 << 18


def open_object(address: str) -> io.BufferedReader:
    """Opens an object; lines are found in a buffer, and not byte by byte.

    Memory: two blocks of ``BLOCK`` bytes, about.

    Raises:
      OSError: see ``system.buckets.stores.errors``; a missing object's at once.
    """
    return io.BufferedReader(_Object(address), _BUFFER)


def read_object(
    address: str, max_bytes: int | None = None, reserve: Reserve = lambda size: None
) -> bytes:
    """Returns an object's bytes in one request; of a longer one ``max_bytes`` + 1 bytes at most.

    Args:
      address: of the object.
      max_bytes: None for all.
      reserve: is called with the number of bytes before they are in memory.

    Raises:
      OSError: see ``system.buckets.stores.errors``.
    """
    import obstore

    store, name = store_of(address)
    with errors(address):
        found = obstore.get(store, name)
        size = found.meta["size"]
        reserve(size if max_bytes is None else min(size, max_bytes + 1))
        if max_bytes is None or size <= max_bytes:
            return bytes(found.bytes())
        return bytes(obstore.get_range(store, name, start=0, length=max_bytes + 1))


class _Object(io.RawIOBase):
    """An object's bytes; the request that opens it goes on as long as it is read in order."""

    def __init__(self, address: str) -> None:
        super().__init__()
        import obstore

        self.name = address
        self._store, self._path = store_of(address)
        with errors(address):
            found = obstore.get(self._store, self._path)
            self._size: int = found.meta["size"]
            self._stream: Iterator[Any] | None = iter(found.stream(min_chunk_size=BLOCK))
        self._stream_position = 0
        self._position = 0
        self._block = b""
        self._begin = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        if not self._begin <= self._position < self._begin + len(self._block):
            self._fetch(length)
        start = self._position - self._begin
        part = self._block[start : start + length]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        self._stream = None
        self._block = b""
        super().close()

    def _fetch(self, length: int) -> None:
        """Gets the block that begins at the position."""
        import obstore

        self._begin = self._position
        with errors(self.name):
            if self._stream is not None and self._position == self._stream_position:
                self._block = bytes(next(self._stream))
                self._stream_position += len(self._block)
                return
            # The caller looks here and there: as in a Parquet file, whose end is read first.
            self._stream = None
            size = min(max(length, BLOCK), self._size - self._position)
            part = obstore.get_range(self._store, self._path, start=self._position, length=size)
            self._block = bytes(part)
