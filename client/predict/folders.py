"""The pictures that were named, found on the disk: one at a time, always in the same order."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from schemas.errors import ConfigError

ENDINGS = (
    ".avif",
    ".bmp",
    ".gif",
    ".heic",
    ".heif",
    ".jfif",
    ".jpe",
    ".jpeg",
    ".jpg",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
)
"""Of the files that are taken from a folder, in any case. HEIC cannot be opened; it is among
them so that a phone's photos are answered with an error rather than passed over."""


def find(names: Sequence[str]) -> list[str]:
    """Returns the pictures that the names stand for, each once, in the names' order.

    Raises:
      ConfigError: a folder holds no picture or cannot be read.
    """
    check_folders(names)
    return list(dict.fromkeys(walk(names)))


def check_folders(names: Sequence[str]) -> None:
    """Looks for the first picture of every folder among the names.

    Raises:
      ConfigError: a folder holds no picture, or cannot be read that far.
    """
    for name in names:
        if os.path.isdir(name) and next(walk([name]), None) is None:
            raise ConfigError(
                f"A folder must hold pictures. {name} has no file that ends in one of "
                f"{' '.join(ENDINGS)}. Name the files one by one if theirs is another"
            )


def walk(names: Sequence[str]) -> Iterator[str]:
    """Yields the pictures that the names stand for, in the names' order.

    A folder stands for the files with known endings in it and in its sub-folders, sorted by
    path; hidden ones are passed over. Any other name stands for itself, whatever its ending
    and whether or not there is such a file. What is named twice comes twice. No more than the
    listings of one folder and those above it are in memory.

    Raises:
      ConfigError: a folder cannot be read.
    """
    for name in names:
        # A Path tidies "./photos//": the same picture has one name.
        yield from _in_folder(str(Path(name))) if os.path.isdir(name) else [name]


def _in_folder(folder: str) -> Iterator[str]:
    for name, is_folder in _listing(folder):
        path = os.path.join(folder, name)
        if is_folder:
            yield from _in_folder(path)
        else:
            yield path


def _listing(folder: str) -> list[tuple[str, bool]]:
    """Returns the names of pictures and of folders, sorted, each with whether it is a folder."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir()
                # A link to a folder may lead back to where it lies.
                wanted = (
                    not entry.is_symlink() if is_folder else entry.name.lower().endswith(ENDINGS)
                )
                # macOS puts "._photo.jpg" beside "photo.jpg" on other systems' disks.
                if wanted and not entry.name.startswith("."):
                    names.append((entry.name, is_folder))
    except OSError as error:
        raise ConfigError(
            f"Every folder must be readable. {folder} is not: {error.strerror}. "
            "Name the pictures in its neighbours instead"
        ) from error
    return sorted(names)
