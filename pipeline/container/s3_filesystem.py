"""S3 for TFX's ``fileio``: TensorFlow, which does that for gs://, has none."""

import posixpath
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tfx.dsl.io import filesystem, filesystem_registry

from system import storage
from system.buckets import folders
from system.buckets.stores import AMAZON, MINIO
from system.buckets.writing import ObjectWriter

_BEFORE_TENSORFLOW = 5
"""TFX's number for TensorFlow's file system is 10, and the lowest is taken."""


class Stat(NamedTuple):
    """What TFX asks of a file: its length in bytes, and when it was written."""

    length: int
    mtime_nsec: int


class _Writer(ObjectWriter):
    """Takes texts too, as TensorFlow's files do: TFX writes JSON to binary ones."""

    def write(self, data: Any) -> int:
        return super().write(data.encode("utf-8") if isinstance(data, str) else data)


class S3Filesystem(filesystem.Filesystem):
    """TFX's interface; there are folders where there are objects in them."""

    SUPPORTED_SCHEMES = [AMAZON, MINIO]  # noqa: RUF012

    @staticmethod
    def open(name: str, mode: str = "r") -> Any:
        """Opens an object."""
        return _Writer(name) if mode == "wb" else storage.open_file(name, mode)

    @staticmethod
    def copy(src: str, dst: str, overwrite: bool = False) -> None:
        """Copies an object."""
        if not overwrite and folders.exists(dst):
            raise OSError(f"{dst} exists, and is not to be overwritten")
        try:
            folders.copy(src, dst)
        except FileNotFoundError as error:
            raise filesystem.NotFoundError from error

    @staticmethod
    def exists(path: str) -> bool:
        """Returns whether there is an object or a folder."""
        return folders.exists(path)

    @staticmethod
    def glob(pattern: str) -> list[str]:
        """Returns what matches."""
        return folders.matching(pattern)

    @staticmethod
    def isdir(path: str) -> bool:
        """Returns whether it is a folder."""
        return folders.is_folder(path)

    @staticmethod
    def listdir(path: str) -> list[str]:
        """Returns the names in a folder."""
        below, files = folders.names(path)
        return [*below, *files]

    @staticmethod
    def makedirs(path: str) -> None:
        """Does nothing: no folder needs to be made."""

    @staticmethod
    def mkdir(path: str) -> None:
        """Does nothing, like ``makedirs``."""

    @staticmethod
    def remove(path: str) -> None:
        """Removes an object."""
        folders.remove(path)

    @staticmethod
    def rename(src: str, dst: str, overwrite: bool = False) -> None:
        """Gives an object another name."""
        S3Filesystem.copy(src, dst, overwrite)
        folders.remove(src)

    @staticmethod
    def rmtree(path: str) -> None:
        """Removes a folder."""
        folders.remove_folder(path)

    @staticmethod
    def stat(path: str) -> Stat:
        """Returns an object's length and time."""
        try:
            return Stat(*folders.size_and_time(path))
        except FileNotFoundError as error:
            raise filesystem.NotFoundError from error

    @staticmethod
    def walk(
        top: str, topdown: bool = True, onerror: Callable[..., None] | None = None
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yields each folder with the names in it, the upper ones first or last."""
        below, files = folders.names(top)
        if topdown:
            yield top, below, files
        for name in below:
            yield from S3Filesystem.walk(posixpath.join(top, name), topdown, onerror)
        if not topdown:
            yield top, below, files


def register() -> None:
    """Makes TFX use it in this process."""
    filesystems = filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY
    filesystems.register(S3Filesystem, priority=_BEFORE_TENSORFLOW)
