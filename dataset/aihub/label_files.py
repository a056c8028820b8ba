"""Where AI Hub's label files and images lie on disk. What is in them is not read here."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.errors import ConfigError
from schemas.prepare_reasons import PrepareReason

SPLIT_FOLDERS = ("train", "val")
SPECIES_FOLDERS = ("cat", "dog")
"""In capitals they are the metadata's species."""
_LABELS, _IMAGES, _ENDING = "labels", "images", ".json"


class LabelFile(NamedTuple):
    """One entry below a ``labels`` folder.

    Attributes:
      split: one of ``SPLIT_FOLDERS``.
      species: one of ``SPECIES_FOLDERS``.
      folder: name of the folder below ``labels``.
      name: of the file in it.
      refused: why it cannot be a clip, known from the listing alone.
      detail: on ``refused``.
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
        """Yields where the images may lie, relative to the root, likeliest first.

        Archives made on macOS hold Korean names decomposed (NFD), and labels and images come
        in archives of their own; mostly the first is right.
        """
        for folder in _forms(self.folder):
            for clip in _forms(self.name[: -len(_ENDING)]):
                yield f"{self.split}/{self.species}/{_IMAGES}/{folder}/{clip}"


class ImageFolder(NamedTuple):
    """A clip's image folder: path relative to the root, and the names in it."""

    path: str
    names: frozenset[str]


def find_label_files(root: Path) -> list[LabelFile]:
    """Lists every entry below the ``labels`` folders, sorted by path, train first.

    Raises:
      ConfigError: if there is no such folder below ``root``.
    """
    if not root.is_dir():
        raise ConfigError(f"--root must be a folder. Received: {root}")
    found, folders = [], 0
    for split in SPLIT_FOLDERS:
        for species in SPECIES_FOLDERS:
            labels = root / split / species / _LABELS
            if labels.is_dir():
                folders += 1
                found += sorted(_entries(labels, split, species))
    if not folders:
        there = ", ".join(sorted(entry.name for entry in root.iterdir())[:8]) or "nothing"
        raise ConfigError(
            "--root must have {train,val}/{cat,dog}/labels/<folder>/<clip>.json below it. "
            f"Received: {root}, which has {there}. Name the folder that holds train and val."
        )
    return found


def list_images(root: str, label: LabelFile) -> ImageFolder | None:
    """Lists the clip's image folder once, which is cheaper than to look for each frame."""
    for path in label.image_folders():
        try:
            return ImageFolder(path, frozenset(os.listdir(f"{root}/{path}")))
        except OSError:
            continue
    return None


def shown(path: str) -> str:
    """Returns a path in a form that can be written as UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _forms(name: str) -> dict[str, None]:
    return dict.fromkeys([name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))])


def _entries(labels: Path, split: str, species: str) -> Iterator[LabelFile]:
    with os.scandir(labels) as entries:
        for folder in entries:
            if not folder.is_dir():
                yield _refused(LabelFile(split, species, "", folder.name), "it is in no folder")
                continue
            try:
                with os.scandir(folder) as files:
                    for file in files:
                        yield _judged(LabelFile(split, species, folder.name, file.name), file)
            except OSError as error:
                label = LabelFile(split, species, "", folder.name)
                yield label._replace(refused=PrepareReason.JSON_UNREADABLE, detail=str(error))


def _judged(label: LabelFile, entry: os.DirEntry[str]) -> LabelFile:
    if entry.name.startswith(".") or not entry.name.lower().endswith(_ENDING):
        return _refused(label, "its name is not <clip>.json")
    # A named pipe would keep its reader waiting for ever.
    if not entry.is_file():
        return _refused(label, "it is no file")
    if shown(label.path) != label.path or min(label.path) < " ":
        detail = "its path is not UTF-8, or has control characters"
        return label._replace(refused=PrepareReason.NAME_UNUSABLE, detail=detail)
    return label


def _refused(label: LabelFile, detail: str) -> LabelFile:
    return label._replace(refused=PrepareReason.UNEXPECTED_ENTRY, detail=detail)
