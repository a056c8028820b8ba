"""Opens, links and writes files, on this machine or in a bucket, with the same errors in both."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from system import files


def open_file(path: str, mode: str) -> IO[Any]:
    """Opens a file like the built-in ``open``; text is UTF-8, and line ends are not changed.

    Args:
      path: a path, or an address such as gs://bucket/name for which Beam has a file system.
      mode: "rb", "r", "wb" or "w".

    Raises:
      OSError: immediately. TensorFlow's file system would raise it at the first read.
    """
    is_text = "b" not in mode
    if "://" not in path:
        return open(path, mode, encoding="utf-8", newline="") if is_text else open(path, mode)
    # Importing Beam takes seconds, which each process of a local ingest would lose.
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    open_binary = FileSystems.open if "r" in mode else FileSystems.create
    file = open_binary(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return io.TextIOWrapper(file, encoding="utf-8", newline="") if is_text else file


def link_file(source: str, target: str) -> None:
    """Makes ``target`` a hard link to a finished file, or a copy if links are not possible."""
    if "://" in source:
        # Beam copies within the bucket, so the bytes do not pass through this machine.
        from apache_beam.io.filesystems import FileSystems

        FileSystems.copy([source], [target])
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in files.NO_LINKS:
            raise
        with files.whole(Path(target)) as partial:
            shutil.copyfile(source, partial)


def flush_folder(path: str) -> None:
    """Waits until the names in a folder are on the disk; a bucket needs no waiting."""
    if "://" not in path:
        files.flush(Path(path))


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Yields a path for writing a file or folder; after the block it is at ``path``, complete.

    An object of a bucket is written in place, because it appears only when it is complete. A
    folder of a bucket cannot appear at once: write last what makes it complete.
    """
    if "://" in path:
        yield path
        return
    with files.whole(Path(path)) as partial:
        yield str(partial)


def write_whole(path: str, text: str) -> None:
    """Writes a text file atomically, in UTF-8."""
    with whole(path) as partial, open_file(partial, "w") as file:
        file.write(text)
