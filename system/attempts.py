"""Attempts to write some files, of which several may run at once, and some may have been killed.

On a cluster two workers now and then get the same task. So each attempt writes under names of its
own, and gives its files their final names at the end. A lock tells a living attempt from a dead
one: the kernel releases it when its process ends, however that ends.
"""

import contextlib
import fcntl
import glob
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from system.buckets.stores import is_remote
from system.files import PARTIAL, remove

_LOCK = ".lock"


@contextlib.contextmanager
def attempt(stem: str) -> Iterator[str]:
    """Yields the beginning of the names of an attempt's temporary files.

    First the files that dead attempts at the same stem have left are removed, and at the end this
    attempt's that were not renamed. Living attempts, of this process too, are left alone.

    Args:
      stem: path of the attempt's final files without their endings. For a bucket's, the
        temporary files are on this machine, in a folder that no other attempt has.
    """
    if is_remote(stem):
        with tempfile.TemporaryDirectory(prefix="pet-mood-") as folder:
            yield _new_name(os.path.join(folder, os.path.basename(stem)))
        return
    _remove_dead(stem)
    partial = _new_name(stem)
    lock = _lock(Path(partial + _LOCK), os.O_CREAT)
    # Another process may have taken the lock before it was locked for the leftover of a dead one.
    while lock is None:
        partial = _new_name(stem)
        lock = _lock(Path(partial + _LOCK), os.O_CREAT)
    try:
        yield partial
    finally:
        # What a failing disk keeps, the next attempt removes.
        with contextlib.suppress(OSError):
            _remove_files(partial)
        os.close(lock)


def _new_name(stem: str) -> str:
    return f"{stem}.{uuid.uuid4().hex}{PARTIAL}"


def _remove_dead(stem: str) -> None:
    found = glob.glob(f"{glob.escape(stem)}.*{PARTIAL}*")
    for partial in {path[: path.rindex(PARTIAL) + len(PARTIAL)] for path in found}:
        try:
            lock = _lock(Path(partial + _LOCK))
        except FileNotFoundError:  # An attempt makes it first and removes it last.
            _remove_files(partial)
            continue
        if lock is not None:
            _remove_files(partial)
            os.close(lock)


def _remove_files(partial: str) -> None:
    for path in glob.glob(f"{glob.escape(partial)}.*"):
        if not path.endswith(_LOCK):
            remove(Path(path))
    remove(Path(partial + _LOCK))


def _lock(path: Path, flags: int = 0) -> int | None:
    """Returns the descriptor of a lock's file; None where a living attempt holds it.

    Raises:
      FileNotFoundError: there is no such file, and ``flags`` do not ask to make it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the two calls its holder may have removed it, or another process taken it for
        # that of a dead attempt.
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None
