"""Opens files that must be regular ones, at once.

Opening a named pipe waits for a writer, and reading a device may never end.
"""

import os
import stat
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class IrregularFileError(OSError):
    """A path that is no regular file; the text is its kind, such as "a named pipe"."""


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a regular file for reading.

    Raises:
      IrregularFileError: it is a folder, a pipe, a socket or a device.
      OSError: it cannot be opened.
      ValueError: the path has a NUL byte.
    """
    _check(os.stat(path).st_mode)
    # The file may have been replaced since: without O_NONBLOCK opening a pipe would wait.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor).st_mode)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def kind_of(mode: int) -> str:
    """Returns what a file of this mode is, such as "a socket"; "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "no file")


def _check(mode: int) -> None:
    if kind := kind_of(mode):
        raise IrregularFileError(kind)
