"""Opens, links and writes files, on this machine or in a bucket, with the same errors in both."""

import contextlib
import glob
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from system import files
from system.buckets import folders
from system.buckets.reading import open_object, read_object
from system.buckets.stores import is_remote
from system.buckets.writing import ObjectWriter, TextWriter
from system.parallel import Reserve, in_parallel


def open_file(path: str, mode: str) -> IO[Any]:
    """Opens a file like the built-in ``open``; text is UTF-8, and line ends are not changed.

    An object of a bucket appears when the file is closed, and not after an error in its block.

    Args:
      path: a path, or an address such as gs://bucket/name or s3://bucket/name.
      mode: "rb", "r", "wb" or "w".

    Raises:
      OSError: immediately where a file to be read is missing or must not be read. TensorFlow's
        file system would raise an error of its own at the first read.
      ConfigError: an address of a kind that cannot be read.
    """
    is_text = "b" not in mode
    if not is_remote(path):
        return open(path, mode, encoding="utf-8", newline="") if is_text else open(path, mode)
    if "r" in mode:
        file: Any = open_object(path)
        return io.TextIOWrapper(file, encoding="utf-8", newline="") if is_text else file
    writer: Any = TextWriter(path) if is_text else ObjectWriter(path)
    return writer


def read_bytes(
    path: str, max_bytes: int | None = None, reserve: Reserve = lambda size: None
) -> bytes:
    """Returns a file's bytes; of one longer than ``max_bytes`` no more than one byte more.

    Args:
      path: of the file.
      max_bytes: None for all.
      reserve: is called with the number of bytes before an object's are in memory.

    Raises:
      OSError: as ``open_file`` does.
    """
    if is_remote(path):
        return read_object(path, max_bytes, reserve)
    with open(path, "rb") as file:
        return file.read() if max_bytes is None else file.read(max_bytes + 1)


def size(path: str) -> int:
    """Returns a file's length in bytes.

    Raises:
      OSError: as ``open_file`` does.
    """
    return folders.size(path) if is_remote(path) else os.stat(path).st_size


def exists(path: str) -> bool:
    """Returns whether there is a file or folder."""
    return folders.exists(path) if is_remote(path) else os.path.exists(path)


def matching(pattern: str) -> list[str]:
    """Returns the paths that match a pattern, in order; only its last part may vary."""
    if is_remote(pattern):
        return folders.matching(pattern)
    folder, last = os.path.split(pattern)
    return sorted(glob.glob(os.path.join(glob.escape(folder), last)))


def make_folder(path: str) -> None:
    """Makes a folder, and those above it; a bucket needs none."""
    if not is_remote(path):
        os.makedirs(path, exist_ok=True)


def remove(path: str) -> None:
    """Removes a file, if it is there."""
    if is_remote(path):
        folders.remove(path)
    else:
        Path(path).unlink(missing_ok=True)


def remove_folder(path: str) -> None:
    """Removes a folder and all that is in it, if it is there."""
    if is_remote(path):
        folders.remove_folder(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def link_files(pairs: Sequence[tuple[str, str]]) -> None:
    """Makes each second path a hard link to the first, a finished file, or else a copy."""
    if pairs and is_remote(pairs[0][0]):
        in_parallel(lambda pair: folders.copy(*pair), pairs)
        return
    for source, target in pairs:
        _link(source, target)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in files.NO_LINKS:
            raise
        with files.whole(Path(target)) as partial:
            shutil.copyfile(source, partial)


def put_files(pairs: Sequence[tuple[str, str]]) -> None:
    """Gives finished files of this machine their final names, in order.

    Into a bucket they are copied: several at a time, but the last one after all others.
    """
    if not pairs or not is_remote(pairs[0][1]):
        for source, target in pairs:
            files.put(Path(source), Path(target))
        return
    in_parallel(lambda pair: _send(*pair), pairs[:-1])
    _send(*pairs[-1])


def _send(source: str, target: str) -> None:
    with open(source, "rb") as file, ObjectWriter(target) as copied:
        shutil.copyfileobj(file, copied, 1 << 22)


@contextlib.contextmanager
def local_copy(path: str) -> Iterator[str]:
    """Yields a path of this machine with a file's content: the file itself, or a copy."""
    if not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="pet-mood-") as folder:
        copied = Path(folder, os.path.basename(path))
        folders.download(path, copied)
        yield str(copied)


def flush_folder(path: str) -> None:
    """Waits until the names in a folder are on the disk; a bucket needs no waiting."""
    if not is_remote(path):
        files.flush(Path(path))


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Yields a path for writing a file or folder; after the block it is at ``path``, complete.

    An object of a bucket is written in place, because it appears only when it is complete. A
    folder of a bucket cannot appear at once: write last what makes it complete.
    """
    if is_remote(path):
        yield path
        return
    with files.whole(Path(path)) as partial:
        yield str(partial)


def write_whole(path: str, text: str) -> None:
    """Writes a text file atomically, in UTF-8."""
    with whole(path) as partial, open_file(partial, "w") as file:
        file.write(text)
