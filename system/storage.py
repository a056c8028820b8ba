"""Opening files, on this machine or in a bucket, with errors that are the same in both."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from system import files


def open_file(path: str, mode: str) -> IO[Any]:
    """Opens a file like the built-in ``open``; text is UTF-8 and line ends are left alone.

    Args:
      path: a path, or an address such as gs://bucket/name that Beam has a file system for.
      mode: "rb", "r", "wb" or "w".

    Raises:
      OSError: at once and not at the first read, as TensorFlow's file system would.
    """
    text = "b" not in mode
    if "://" not in path:
        return open(path, mode, encoding="utf-8", newline="") if text else open(path, mode)
    # Beam takes seconds to import, which each process of a local ingest would wait for.
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    open_binary = FileSystems.open if "r" in mode else FileSystems.create
    file = open_binary(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return io.TextIOWrapper(file, encoding="utf-8", newline="") if text else file


def link_file(source: str, target: str) -> None:
    """Makes ``target`` another name of a finished file, or a copy where that is not possible."""
    if "://" in source:
        # Beam's copy within a bucket does not move the bytes through this machine.
        from apache_beam.io.filesystems import FileSystems

        FileSystems.copy([source], [target])
        return
    try:
        os.link(source, target)
    except OSError:  # A file system without links.
        shutil.copyfile(source, target)


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Yields the path to write a file to; at the block's end it appears at ``path``, whole.

    In a bucket an object appears when its writing has ended, and is written in place.
    """
    if "://" in path:
        yield path
        return
    with files.whole(Path(path)) as partial:
        yield str(partial)


def write_whole(path: str, text: str) -> None:
    """Writes a file that appears whole, in UTF-8."""
    with whole(path) as partial, open_file(partial, "w") as file:
        file.write(text)
