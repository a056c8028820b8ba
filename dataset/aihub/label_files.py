"""Finds AI Hub's label files and the image folder of each, without reading the files."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dataset.aihub.layout import IMAGES, LABELS, SPLIT_FOLDERS, Place, is_archive, plain
from schemas.errors import ConfigError
from schemas.prepare_reasons import PrepareReason
from system.regular_files import kind_of

FRAME_IMAGE = re.compile(r"frame_(\d+)_timestamp_(\d+)\.(?:jpe?g|png|bmp|gif|webp)", re.IGNORECASE)
_ENDING, _VIDEO = ".json", ".mp4"
_MAX_DEPTH_OF_SPLITS = 6
"""Folders above those of the splits: a wrong --root must not be read for hours."""
_MAX_DEPTH = 32
_EXPECTED = (
    "--root must hold AI Hub's folders of both splits, such as Training and Validation or train "
    "and val, with the label files (.json) and the images in them"
)


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


class ImageFolder(NamedTuple):
    """A clip's image folder: its path relative to the root, and the names of its files."""

    path: str
    names: frozenset[str]


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


def list_images(root: str, label: LabelFile) -> ImageFolder | None:
    """Lists the clip's image folder; None if there is none.

    One listing is cheaper than a look for each frame.
    """
    if not label.images:
        return None
    path = label.images
    inner = f"{path}/{_name(path)}"
    try:
        names = os.listdir(f"{root}/{path}")
        if _name(path) in names and os.path.isdir(f"{root}/{inner}"):
            # An archive of the folder was unpacked into a folder of its name.
            path, names = inner, os.listdir(f"{root}/{inner}")
    except OSError:
        return None
    return ImageFolder(path, frozenset(names))


def printable(path: str) -> str:
    """Returns a path in a form that can be written as UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


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
        self._clip_folders: dict[tuple[str, str], list[tuple[str, Place]]] = {}

    def run(self) -> None:
        self._read_labels(_Folder("", Place(), frozenset()))
        if not self._has_label_folder and not self._found:
            raise ConfigError(self._nothing_found())
        wanted = {(label.split, _clip_name(label.path)) for label, _ in self._found}
        for area in self._image_areas:
            self._find_clip_folders(area, wanted)
        self.tree.labels = sorted(
            self._with_images(),
            key=lambda label: (SPLIT_FOLDERS.index(label.split), label.path),
        )
        self.tree.outside.sort()
        self.tree.archives.sort()

    def _read_labels(self, folder: _Folder) -> bool:
        """Reads all folders but those of images; returns whether this one holds frames."""
        place, has_frames = folder.place, False
        self._has_label_folder |= bool(place.split) and place.kind == LABELS
        for entry, path in self._entries(folder):
            if _is_folder(entry) and not entry.name.lower().endswith(_ENDING):
                inner = self._below(folder, entry, path)
                if inner is None:
                    continue
                if inner.place.split and inner.place.kind == IMAGES:
                    self._image_areas.append(inner)
                elif self._read_labels(inner) and place.split:
                    self._add_clip_folder(path, place)
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
            elif (folder.place.split, _clip_name(entry.name)) in wanted:
                self._add_clip_folder(path, folder.place)
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
        is_label = entry.name.lower().endswith(_ENDING)
        if is_archive(entry.name):
            name = os.path.splitext(entry.path)[0]
            if not os.path.isdir(name):
                self.tree.archives.append(path)
        elif not place.split:
            if is_label and place.kind == LABELS:
                self.tree.outside.append(path)
        elif place.kind == LABELS or is_label:
            label = LabelFile(place.split, path, place.species)
            self._found.append((_checked(label, entry, place), place))

    def _add_clip_folder(self, path: str, place: Place) -> None:
        key = (place.split, _clip_name(path))
        self._clip_folders.setdefault(key, []).append((path, place))

    def _with_images(self) -> Iterator[LabelFile]:
        """Yields the label files with their image folders.

        The folder of a label file whose folders have other names is the only one of its clip's
        name, and no other label file's: two clips of one name must not get the same images.
        """
        claims: dict[str, list[bool]] = {}
        choices = []
        for label, place in self._found:
            paths, is_sure = ([], False) if label.refused else self._likeliest(label, place)
            choices.append((label, paths, is_sure))
            for path in paths:
                claims.setdefault(path, []).append(is_sure)
        for label, paths, is_sure in choices:
            if not is_sure:
                paths = [path for path in paths if not any(claims[path])]
            if len(paths) > 1 or (paths and not is_sure and len(claims[paths[0]]) > 1):
                detail = f"whose images are in {', '.join(sorted(paths)[:3])} is not clear"
                label = label._replace(refused=PrepareReason.IMAGE_FOLDER_AMBIGUOUS, detail=detail)
            elif paths and not _is_usable(paths[0]):
                label = _unusable(label, "the path of its images")
            yield label._replace(images=paths[0] if paths and not label.refused else "")

    def _likeliest(self, label: LabelFile, place: Place) -> tuple[list[str], bool]:
        """Returns the likeliest image folders, and whether their folders' names leave no doubt."""
        name = _stem(label.path)
        best: list[str] = []
        best_likeness: tuple[int, ...] = ()
        for path, image_place in self._clip_folders.get((label.split, _clip_name(name)), ()):
            likeness = (
                image_place.words == place.words,
                len(set(image_place.words) & set(place.words)),
                -len(image_place.words),
                plain(_name(path)) == plain(name),
                _name(path) == name,
            )
            if likeness > best_likeness:
                best, best_likeness = [], likeness
            if likeness == best_likeness:
                best.append(path)
        return best, bool(best) and bool(best_likeness[0])

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


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    name = _name(path)
    return name[: -len(_ENDING)] if name.lower().endswith(_ENDING) else name


def _clip_name(path: str) -> str:
    """Returns what the names of a clip's label file and image folder have in common."""
    return plain(_stem(path)).removesuffix(_VIDEO)


def _checked(label: LabelFile, entry: os.DirEntry[str], place: Place) -> LabelFile:
    """Returns the label file, with the reason in ``refused`` if it cannot be a clip."""
    if entry.name.startswith(".") or not entry.name.lower().endswith(_ENDING):
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
    return label if _is_usable(label.path) else _unusable(label, "its path")


def _is_usable(path: str) -> bool:
    return printable(path) == path and min(path) >= " "


def _unusable(label: LabelFile, what: str) -> LabelFile:
    detail = f"{what} is not UTF-8, or has control characters"
    return label._replace(refused=PrepareReason.NAME_UNUSABLE, detail=detail)


def _unexpected(label: LabelFile, detail: str) -> LabelFile:
    return label._replace(refused=PrepareReason.UNEXPECTED_ENTRY, detail=detail)
