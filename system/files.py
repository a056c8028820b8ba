"""Files and folders that appear whole and on the disk, or not at all.

Whatever kills the process, or takes the machine's power, leaves what was there before.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from schemas.errors import ConfigError

PARTIAL = ".partial"
"""Ending of what is being written."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields the path to write a file or folder to; at the block's end it appears at ``path``.

    An error in the block removes what was written. Only one process may write ``path`` at a time.

    Args:
      path: a file, which is replaced if it is there; or a folder that is not there.
    """
    partial = path.with_name(path.name + PARTIAL)
    remove(partial)
    try:
        yield partial
        put(partial, path)
    except BaseException:
        remove(partial)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file that appears whole; text is UTF-8."""
    with whole(path) as partial:
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def put(partial: Path, path: Path) -> None:
    """Renames a file or folder once it is on the disk, and waits until its new name is, too."""
    for inner in partial.rglob("*"):
        flush(inner)
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Waits until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Removes a file or a whole folder; does nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into a ConfigError that says how to go on."""
    try:
        yield
    except Timeout:  # An OSError that is told by whoever asks for the lock.
        raise
    except OSError as error:
        raise ConfigError(
            f"{folder} must be writable. Received: {error}. What was finished is kept: make room, "
            "and the same command goes on"
        ) from error
