"""Writes an object of a bucket as a file; it appears when it is closed, whole or not at all."""

import io
import tempfile
from typing import Any

from system.buckets.stores import errors, store_of

_IN_MEMORY = 8 << 20
"""Bytes; more go to a temporary file of this machine."""


class ObjectWriter(io.BufferedIOBase):
    """A file whose bytes become an object when it is closed, but not after an error in its block.

    Raises:
      OSError: at the close; see ``system.buckets.stores.errors``.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self.name = address
        store_of(address)
        self._content = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def writable(self) -> bool:
        """See ``io.BufferedIOBase``."""
        return True

    def seekable(self) -> bool:
        """See ``io.BufferedIOBase``."""
        return True

    def tell(self) -> int:
        """See ``io.BufferedIOBase``."""
        return self._content.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See ``io.BufferedIOBase``."""
        return self._content.seek(offset, whence)

    def write(self, data: Any) -> int:
        """See ``io.BufferedIOBase``."""
        return self._content.write(data)

    def close(self) -> None:
        """Writes the object."""
        if self.closed:
            return
        import obstore

        try:
            store, name = store_of(self.name)
            self._content.seek(0)
            with errors(self.name):
                obstore.put(store, name, self._content)
        finally:
            self.discard()

    def discard(self) -> None:
        """Closes the file without writing the object."""
        self._content.close()
        super().close()

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class TextWriter(io.TextIOWrapper):
    """The same for text in UTF-8, whose line ends are not changed."""

    def __init__(self, address: str) -> None:
        self._writer = ObjectWriter(address)
        super().__init__(self._writer, encoding="utf-8", newline="")

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is not None:
            self.detach()
            self._writer.discard()
        else:
            self.close()
