"""Pictures of the named files and folders: one at a time, always in the same order."""

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
"""Endings of the files that are taken from a folder, in lower or upper case. HEIC cannot be
opened; it is listed so that a phone's photos get an error and are not skipped silently."""


def find_pictures(names: Sequence[str]) -> list[str]:
    """Returns the pictures of the named files and folders, each once, in the names' order.

    Raises:
      ConfigError: a folder holds no picture or cannot be read.
    """
    check_folders(names)
    return list(dict.fromkeys(walk_pictures(names)))


def check_folders(names: Sequence[str]) -> None:
    """Looks for the first picture of every folder among the names.

    Raises:
      ConfigError: a folder holds no picture, or cannot be read up to the first one.
    """
    for name in names:
        if os.path.isdir(name) and next(walk_pictures([name]), None) is None:
            raise ConfigError(
                f"A folder must hold pictures. {name} has no file that ends in one of "
                f"{' '.join(ENDINGS)}. Name files with other endings one by one"
            )


def walk_pictures(names: Sequence[str]) -> Iterator[str]:
    """Yields the pictures of the named files and folders, in the names' order.

    A folder stands for the files with known endings in it and in its sub-folders, sorted by
    path, without hidden ones. Any other name stands for itself, with any ending and even if the
    file does not exist. A picture that is named twice comes twice. In memory are at most the
    listings of one folder and of those above it.

    Raises:
      ConfigError: a folder cannot be read.
    """
    for name in names:
        # Path turns "./photos//" into "photos", so that the same picture has one name.
        yield from _walk_folder(str(Path(name))) if os.path.isdir(name) else [name]


def _walk_folder(folder: str) -> Iterator[str]:
    for name, is_folder in _list_folder(folder):
        path = os.path.join(folder, name)
        if is_folder:
            yield from _walk_folder(path)
        else:
            yield path


def _list_folder(folder: str) -> list[tuple[str, bool]]:
    """Returns the names of pictures and of folders, sorted, each with whether it is a folder."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = _is_folder(entry)
                # A link to a folder may lead back to a folder above.
                is_usable = (
                    not entry.is_symlink() if is_folder else entry.name.lower().endswith(ENDINGS)
                )
                # macOS puts "._photo.jpg" beside "photo.jpg" on other systems' disks.
                if is_usable and not entry.name.startswith("."):
                    found.append((entry.name, is_folder))
    except OSError as error:
        raise ConfigError(
            f"Every folder must be readable. {folder} is not: {error.strerror}. "
            "Name the pictures in its neighbours instead"
        ) from error
    return sorted(found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link that leads to itself; as a picture it is missing, like any dead link.
        return False
