"""The system calls that change files, as the kernel sees them, and what each of them changes.

Numbers and layouts are those of Linux on x86-64 (``arch/x86/entry/syscalls/syscall_64.tbl``).
"""

import enum
import os
from pathlib import Path
from typing import NamedTuple

AT_FDCWD = -100
_PATH_MAX = 4096


class Kind(enum.Enum):
    """Kinds of changes, by the name under which they are counted."""

    OPEN = "open for writing"
    WRITE = "write"
    FSYNC = "fsync"
    RENAME = "rename"
    LINK = "link"
    UNLINK = "unlink"
    MKDIR = "mkdir"
    CLOSE = "close"


NEED_SPACE = frozenset({Kind.OPEN, Kind.WRITE, Kind.LINK, Kind.MKDIR})
"""Kinds that fail on a disk that is full; the others may even make room."""


class _Call(NamedTuple):
    """Where a system call has its operands.

    Attributes:
      kind: of the change.
      fd: index of the argument with the descriptor that is changed; None where there are paths.
      paths: (index of the folder's descriptor or None, index of the path) of each path.
      length: index of the argument with the number of bytes that are written.
      data: index of the argument with the address of these bytes.
      flags: index of the argument with ``open``'s flags.
    """

    kind: Kind
    fd: int | None = None
    paths: tuple[tuple[int | None, int], ...] = ()
    length: int | None = None
    data: int | None = None
    flags: int | None = None


CALLS = {
    1: _Call(Kind.WRITE, fd=0, data=1, length=2),  # write
    18: _Call(Kind.WRITE, fd=0),  # pwrite64
    20: _Call(Kind.WRITE, fd=0),  # writev
    40: _Call(Kind.WRITE, fd=0),  # sendfile
    76: _Call(Kind.WRITE, paths=((None, 0),)),  # truncate
    77: _Call(Kind.WRITE, fd=0),  # ftruncate
    285: _Call(Kind.WRITE, fd=0),  # fallocate
    296: _Call(Kind.WRITE, fd=0),  # pwritev
    326: _Call(Kind.WRITE, fd=2),  # copy_file_range
    328: _Call(Kind.WRITE, fd=0),  # pwritev2
    74: _Call(Kind.FSYNC, fd=0),  # fsync
    75: _Call(Kind.FSYNC, fd=0),  # fdatasync
    2: _Call(Kind.OPEN, paths=((None, 0),), flags=1),  # open
    85: _Call(Kind.OPEN, paths=((None, 0),)),  # creat
    257: _Call(Kind.OPEN, paths=((0, 1),), flags=2),  # openat
    82: _Call(Kind.RENAME, paths=((None, 0), (None, 1))),  # rename
    264: _Call(Kind.RENAME, paths=((0, 1), (2, 3))),  # renameat
    316: _Call(Kind.RENAME, paths=((0, 1), (2, 3))),  # renameat2
    86: _Call(Kind.LINK, paths=((None, 0), (None, 1))),  # link
    265: _Call(Kind.LINK, paths=((0, 1), (2, 3))),  # linkat
    84: _Call(Kind.UNLINK, paths=((None, 0),)),  # rmdir
    87: _Call(Kind.UNLINK, paths=((None, 0),)),  # unlink
    263: _Call(Kind.UNLINK, paths=((0, 1),)),  # unlinkat
    83: _Call(Kind.MKDIR, paths=((None, 0),)),  # mkdir
    258: _Call(Kind.MKDIR, paths=((0, 1),)),  # mkdirat
    3: _Call(Kind.CLOSE, fd=0),  # close
}
"""Left out: mappings into memory (nothing here writes through one), links with a text as their
target and new devices."""

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Change(NamedTuple):
    """One system call that changes something.

    Attributes:
      kind: of the change.
      paths: that it changes; of a rename or a link the source and the target.
      fd: the descriptor that it changes, if it is one.
      data: (address, length) of the bytes of a plain ``write``.
    """

    kind: Kind
    paths: tuple[Path, ...]
    fd: int | None = None
    data: tuple[int, int] | None = None


def change_of(number: int, arguments: tuple[int, ...], task: int) -> Change | None:
    """Returns what a system call of a stopped task changes; None for an unnamed file or a pipe.

    Args:
      number: of the system call, one of ``CALLS``.
      arguments: its six arguments, unsigned.
      task: the thread's number, whose descriptors and memory are read.
    """
    call = CALLS[number]
    if call.fd is None:
        paths = tuple(
            _path(task, _signed(arguments[folder]) if folder is not None else AT_FDCWD, address)
            for folder, address in ((f, arguments[index]) for f, index in call.paths)
        )
        return Change(call.kind, paths)
    fd = _signed(arguments[call.fd])
    target = _link(f"/proc/{task}/fd/{fd}")
    if target is None or not target.startswith("/") or target.endswith(" (deleted)"):
        return None
    data = None
    if call.data is not None and call.length is not None:
        data = (arguments[call.data], arguments[call.length])
    return Change(call.kind, (Path(target),), fd, data)


def read_memory(task: int, address: int, length: int) -> bytes:
    """Returns bytes of a stopped task's memory."""
    with open(f"/proc/{task}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(length)


def _path(task: int, folder: int, address: int) -> Path:
    text = os.fsdecode(_read_text(task, address))
    start = _link(f"/proc/{task}/cwd" if folder == AT_FDCWD else f"/proc/{task}/fd/{folder}")
    return Path(os.path.normpath(os.path.join(start or "/", text)))


def _read_text(task: int, address: int) -> bytes:
    """Returns the bytes up to the next NUL; the page after them need not exist."""
    text = b""
    while b"\0" not in text and len(text) < _PATH_MAX:
        to_page_end = 4096 - (address + len(text)) % 4096
        text += read_memory(task, address + len(text), min(256, to_page_end))
    return text.partition(b"\0")[0]


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _signed(value: int) -> int:
    """Returns a 32-bit argument as the kernel takes it."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
