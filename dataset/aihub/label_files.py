"""Finds AI Hub's label files and the image folder of each, without reading the files."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dataset.aihub.clip_folders import ClipFolders
from dataset.aihub.label_file import (
    ENDING,
    LabelFile,
    checked,
    clip_name,
    printable,
)
from dataset.aihub.layout import IMAGES, LABELS, SPLIT_FOLDERS, Place, is_archive
from schemas.errors import ConfigError
from schemas.prepare_reasons import PrepareReason

FRAME_IMAGE = re.compile(r"frame_(\d+)_timestamp_(\d+)\.(?:jpe?g|png|bmp|gif|webp)", re.IGNORECASE)
_MAX_DEPTH_OF_SPLITS = 6
"""Folders above those of the splits: a wrong --root must not be read for hours."""
_MAX_DEPTH = 32
_EXPECTED = (
    "--root must hold AI Hub's folders of both splits, such as Training and Validation or train "
    "and val, with the label files (.json) and the images in them"
)


@dataclass
class Tree:
    """What was found below the root.

    Attributes:
      labels: every entry where label files are, sorted by path, train first.
      outside: label files of which no folder names a split, and folders that cannot be listed.
      archives: archives beside which no folder of their name is.
    """

    labels: list[LabelFile] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)


def find_label_files(root: Path) -> Tree:
    """Lists the entries where label files are, and finds the image folder of each.

    A label file belongs to the folder of its name, with or without ".mp4", in the same split; of
    several, to the one whose folders have the same names but for the word for images.

    Raises:
      ConfigError: there are no label files below ``root``, nor folders for them.
    """
    if not root.is_dir():
        raise ConfigError(f"--root must be a folder. Received: {root}")
    search = _Search(root)
    search.run()
    return search.tree


class _Folder(NamedTuple):
    """A folder to list; ``above`` are the device and inode numbers of those that it lies in."""

    path: str
    place: Place
    above: frozenset[tuple[int, int]]


class _Search:
    def __init__(self, root: Path) -> None:
        self.tree = Tree()
        self._root = root
        self._found: list[tuple[LabelFile, Place]] = []
        self._has_label_folder = False
        self._image_areas: list[_Folder] = []
        self._clip_folders = ClipFolders()

    def run(self) -> None:
        self._read_labels(_Folder("", Place(), frozenset()))
        if not self._has_label_folder and not self._found:
            raise ConfigError(self._nothing_found())
        wanted = {(label.split, clip_name(label.path)) for label, _ in self._found}
        for area in self._image_areas:
            self._find_clip_folders(area, wanted)
        self.tree.labels = sorted(
            self._clip_folders.with_images(self._found),
            key=lambda label: (SPLIT_FOLDERS.index(label.split), label.path),
        )
        self.tree.outside.sort()
        self.tree.archives.sort()

    def _read_labels(self, folder: _Folder) -> bool:
        """Reads all folders but those of images; returns whether this one holds frames."""
        place, has_frames = folder.place, False
        self._has_label_folder |= bool(place.split) and place.kind == LABELS
        for entry, path in self._entries(folder):
            if _is_folder(entry) and not entry.name.lower().endswith(ENDING):
                inner = self._below(folder, entry, path)
                if inner is None:
                    continue
                if inner.place.split and inner.place.kind == IMAGES:
                    self._image_areas.append(inner)
                elif self._read_labels(inner) and place.split:
                    self._clip_folders.add(path, place)
            elif FRAME_IMAGE.fullmatch(entry.name) and place.kind != LABELS:
                has_frames = True
            else:
                self._add_file(entry, path, place)
        return has_frames

    def _find_clip_folders(self, folder: _Folder, wanted: set[tuple[str, str]]) -> None:
        """Finds the folders of clips; only the folders that hold them are listed."""
        for entry, path in self._entries(folder):
            if not _is_folder(entry):
                self._add_file(entry, path, folder.place)
            elif (folder.place.split, clip_name(entry.name)) in wanted:
                self._clip_folders.add(path, folder.place)
            elif inner := self._below(folder, entry, path):
                self._find_clip_folders(inner, wanted)

    def _entries(self, folder: _Folder) -> Iterator[tuple[os.DirEntry[str], str]]:
        """Yields the folder's entries with their paths relative to the root."""
        try:
            with os.scandir(self._root / folder.path) as entries:
                for entry in entries:
                    yield entry, f"{folder.path}/{entry.name}" if folder.path else entry.name
        except OSError as error:
            self._refuse(folder, PrepareReason.JSON_UNREADABLE, error.strerror or str(error))

    def _below(self, folder: _Folder, entry: os.DirEntry[str], path: str) -> _Folder | None:
        """Returns a folder to list; None for one that is not to be."""
        place = folder.place.inside(entry.name)
        try:
            status = os.stat(self._root / path)
        except OSError:
            return None
        identity = (status.st_dev, status.st_ino)
        depth = path.count("/")
        if identity in folder.above or (not place.split and depth >= _MAX_DEPTH_OF_SPLITS):
            return None
        inner = _Folder(path, place, folder.above | {identity})
        if depth >= _MAX_DEPTH:
            self._refuse(inner, PrepareReason.UNEXPECTED_ENTRY, "it lies too deep")
            return None
        return inner

    def _refuse(self, folder: _Folder, reason: PrepareReason, detail: str) -> None:
        if folder.place.split:
            label = LabelFile(folder.place.split, folder.path, refused=reason, detail=detail)
            self._found.append((label, folder.place))
        else:
            self.tree.outside.append(folder.path)

    def _add_file(self, entry: os.DirEntry[str], path: str, place: Place) -> None:
        """Adds an entry that is no folder to search."""
        is_label = entry.name.lower().endswith(ENDING)
        if is_archive(entry.name):
            name = os.path.splitext(entry.path)[0]
            if not os.path.isdir(name):
                self.tree.archives.append(path)
        elif not place.split:
            if is_label and place.kind == LABELS:
                self.tree.outside.append(path)
        elif place.kind == LABELS or is_label:
            label = LabelFile(place.split, path, place.species)
            self._found.append((checked(label, entry, place), place))

    def _nothing_found(self) -> str:
        try:
            names = sorted(entry.name for entry in self._root.iterdir())
        except OSError as error:
            return f"--root must be a folder that can be listed. Received: {self._root} ({error})"
        content = printable(", ".join(names[:8])) or "nothing"
        advice = "Name the folder that holds both splits."
        if self.tree.archives:
            archives = printable(", ".join(sorted(self.tree.archives)[:3]))
            advice = f"Unpack the archives ({archives}, ...), each into a folder of its name."
        return f"{_EXPECTED}. Received: {self._root}, which has {content}. {advice}"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself, for one.
        return False
