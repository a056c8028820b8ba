"""A label file as its folder's listing shows it, and the names of clips."""

import os
from typing import NamedTuple

from dataset.aihub.layout import IMAGES, Place, plain
from schemas.prepare_reasons import PrepareReason
from system.regular_files import kind_of

ENDING, _VIDEO = ".json", ".mp4"


class LabelFile(NamedTuple):
    """An entry where label files are.

    Attributes:
      split: one of ``SPLIT_FOLDERS``.
      path: of the file, relative to the root, with slashes.
      species: "cat" or "dog" where a folder says it, else "".
      images: path of the image folder, relative to the root; "" if there is none.
      refused: reason why it cannot be a clip, as far as the listing shows.
      detail: of ``refused``.
    """

    split: str
    path: str
    species: str = ""
    images: str = ""
    refused: PrepareReason | None = None
    detail: str = ""


def printable(path: str) -> str:
    """Returns a path in a form that can be written as UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def name_of(path: str) -> str:
    """Returns the last part of a path with slashes."""
    return path.rpartition("/")[2]


def stem_of(path: str) -> str:
    """Returns the name without the ending of a label file."""
    name = name_of(path)
    return name[: -len(ENDING)] if name.lower().endswith(ENDING) else name


def clip_name(path: str) -> str:
    """Returns what the names of a clip's label file and image folder have in common."""
    return plain(stem_of(path)).removesuffix(_VIDEO)


def checked(label: LabelFile, entry: os.DirEntry[str], place: Place) -> LabelFile:
    """Returns the label file, with the reason in ``refused`` if it cannot be a clip."""
    if entry.name.startswith(".") or not entry.name.lower().endswith(ENDING):
        return _unexpected(label, "its name is not <clip>.json")
    if place.kind == IMAGES:
        return _unexpected(label, "it is a label file among the images")
    try:
        kind = "" if entry.is_file() else kind_of(entry.stat().st_mode)
    except OSError as error:
        detail = error.strerror or str(error)
        return label._replace(refused=PrepareReason.JSON_UNREADABLE, detail=detail)
    if kind:
        return _unexpected(label, f"it is {kind}")
    return label if is_usable(label.path) else unusable(label, "its path")


def is_usable(path: str) -> bool:
    """Returns whether a path can stand in a table: UTF-8 without control characters."""
    return printable(path) == path and min(path) >= " "


def unusable(label: LabelFile, what: str) -> LabelFile:
    """Returns the label file, refused because of ``what``, such as "its path"."""
    detail = f"{what} is not UTF-8, or has control characters"
    return label._replace(refused=PrepareReason.NAME_UNUSABLE, detail=detail)


def _unexpected(label: LabelFile, detail: str) -> LabelFile:
    return label._replace(refused=PrepareReason.UNEXPECTED_ENTRY, detail=detail)
