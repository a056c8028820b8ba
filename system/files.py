"""Atomic writes: files and folders appear complete and on the disk, or not at all.

If the process is killed or the machine loses its power, the earlier file is still there.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from schemas.errors import ConfigError

PARTIAL = ".partial"
"""Ending of a file or folder that is being written."""
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS)
"""Errors of ``link`` where a file system has no hard links, or no more of a file (man 2 link)."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a path for writing a file or folder; after the block it is renamed to ``path``.

    After an error in the block the partial file or folder is removed. Only one process may write
    ``path`` at a time.

    Args:
      path: of a file, which is replaced if it exists; or of a folder, which must not exist when
        the block ends.
    """
    partial = path.with_name(path.name + PARTIAL)
    remove(partial)
    try:
        yield partial
        put(partial, path)
    except BaseException:
        # On a failing disk the removal may fail too, and must not hide why the writing did.
        with contextlib.suppress(OSError):
            remove(partial)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file atomically; text is encoded as UTF-8."""
    with whole(path) as partial:
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def put(partial: Path, path: Path) -> None:
    """Renames a file or folder after its content is on the disk, and waits for the new name.

    Args:
      partial: the written file or folder.
      path: the new name, in the same file system. A file of this name is replaced.
    """
    flush_tree(partial)
    partial.replace(path)
    flush(path.parent)


def flush_tree(path: Path) -> None:
    """Waits until a file, or a folder with all that is in it, is on the disk."""
    for inner in path.rglob("*"):
        flush(inner)
    flush(path)


def put_new(partial: Path, path: Path) -> None:
    """Gives a written file a name that nothing else has, and waits for the new name.

    Where the file system has no hard links, the name is first taken by an empty file, which a
    crash in that moment leaves behind.

    Args:
      partial: the written file.
      path: the new name, in the same file system.

    Raises:
      FileExistsError: there is something of this name; it is not touched.
    """
    flush(partial)
    try:
        os.link(partial, path)
    except FileExistsError:
        # A network disk repeats a request whose answer was lost, and then finds its own link.
        if not os.path.samefile(partial, path):
            raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        partial.replace(path)
    partial.unlink(missing_ok=True)
    flush(path.parent)


def flush(path: Path) -> None:
    """Waits until a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_and_time(path: Path) -> str:
    """Returns a file's size and time of change, which show a change; "-" for a missing file."""
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_size},{status.st_mtime_ns}"


def remove(path: Path) -> None:
    """Removes a file or a whole folder; does nothing if it does not exist."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns an OSError of the block into a ConfigError with a remedy."""
    try:
        yield
    except Timeout:  # It is an OSError, but the caller that takes the lock handles it.
        raise
    except OSError as error:
        raise ConfigError(
            f"{folder} must be writable. Received: {error}. Finished parts are kept: free some "
            "space, and the same command goes on"
        ) from error
