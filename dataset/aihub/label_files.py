"""Finds AI Hub's label files and image folders on disk, without reading the files."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.errors import ConfigError
from schemas.prepare_reasons import PrepareReason

SPLIT_FOLDERS = ("train", "val")
SPECIES_FOLDERS = ("cat", "dog")
"""The metadata's species are the same names in capitals."""
_LABELS, _IMAGES, _ENDING = "labels", "images", ".json"


class LabelFile(NamedTuple):
    """One entry below a ``labels`` folder.

    Attributes:
      split: one of ``SPLIT_FOLDERS``.
      species: one of ``SPECIES_FOLDERS``.
      folder: name of the folder below ``labels``.
      name: of the file in it.
      refused: reason why it cannot be a clip, as far as the listing shows.
      detail: of ``refused``.
    """

    split: str
    species: str
    folder: str
    name: str
    refused: PrepareReason | None = None
    detail: str = ""

    @property
    def path(self) -> str:
        """The file's path relative to the root, with slashes."""
        parts = (self.split, self.species, _LABELS, self.folder, self.name)
        return "/".join(part for part in parts if part)

    def image_folders(self) -> Iterator[str]:
        """Yields possible paths of the image folder, relative to the root, the likeliest first.

        Archives made on macOS hold Korean names decomposed (NFD), and labels and images come in
        separate archives. Usually the first path is right.
        """
        for folder in _unicode_forms(self.folder):
            for clip in _unicode_forms(self.name[: -len(_ENDING)]):
                yield f"{self.split}/{self.species}/{_IMAGES}/{folder}/{clip}"


class ImageFolder(NamedTuple):
    """A clip's image folder: its path relative to the root, and the names of its files."""

    path: str
    names: frozenset[str]


def find_label_files(root: Path) -> list[LabelFile]:
    """Lists every entry below the ``labels`` folders, sorted by path, train first.

    Raises:
      ConfigError: there is no ``labels`` folder below ``root``.
    """
    if not root.is_dir():
        raise ConfigError(f"--root must be a folder. Received: {root}")
    label_files, folders = [], 0
    for split in SPLIT_FOLDERS:
        for species in SPECIES_FOLDERS:
            labels = root / split / species / _LABELS
            if labels.is_dir():
                folders += 1
                label_files += sorted(_entries(labels, split, species))
    if not folders:
        content = ", ".join(sorted(entry.name for entry in root.iterdir())[:8]) or "nothing"
        raise ConfigError(
            "--root must have {train,val}/{cat,dog}/labels/<folder>/<clip>.json below it. "
            f"Received: {root}, which has {content}. Name the folder that holds train and val."
        )
    return label_files


def list_images(root: str, label: LabelFile) -> ImageFolder | None:
    """Lists the clip's image folder; None if there is none.

    One listing is cheaper than a look for each frame.
    """
    for path in label.image_folders():
        try:
            return ImageFolder(path, frozenset(os.listdir(f"{root}/{path}")))
        except OSError:
            continue
    return None


def printable(path: str) -> str:
    """Returns a path in a form that can be written as UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _unicode_forms(name: str) -> dict[str, None]:
    return dict.fromkeys([name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))])


def _entries(labels: Path, split: str, species: str) -> Iterator[LabelFile]:
    with os.scandir(labels) as entries:
        for folder in entries:
            if not folder.is_dir():
                yield _unexpected(
                    LabelFile(split, species, "", folder.name), "it is not in a folder"
                )
                continue
            try:
                with os.scandir(folder) as files:
                    for file in files:
                        yield _checked(LabelFile(split, species, folder.name, file.name), file)
            except OSError as error:
                label = LabelFile(split, species, "", folder.name)
                yield label._replace(refused=PrepareReason.JSON_UNREADABLE, detail=str(error))


def _checked(label: LabelFile, entry: os.DirEntry[str]) -> LabelFile:
    """Returns the label file, with the reason in ``refused`` if it cannot be a clip."""
    if entry.name.startswith(".") or not entry.name.lower().endswith(_ENDING):
        return _unexpected(label, "its name is not <clip>.json")
    # Reading a named pipe would never end.
    if not entry.is_file():
        return _unexpected(label, "it is not a file")
    if printable(label.path) != label.path or min(label.path) < " ":
        detail = "its path is not UTF-8, or has control characters"
        return label._replace(refused=PrepareReason.NAME_UNUSABLE, detail=detail)
    return label


def _unexpected(label: LabelFile, detail: str) -> LabelFile:
    return label._replace(refused=PrepareReason.UNEXPECTED_ENTRY, detail=detail)
