"""The image folders of clips: which label file each belongs to, and what is in it."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dataset.aihub.label_file import (
    LabelFile,
    clip_name,
    is_usable,
    name_of,
    stem_of,
    unusable,
)
from dataset.aihub.layout import Place, plain
from schemas.prepare_reasons import PrepareReason


class ImageFolder(NamedTuple):
    """A clip's image folder: its path relative to the root, and the names of its files."""

    path: str
    names: frozenset[str]


class ClipFolders:
    """Folders of clips' images by split and clip, each with what its folders' names say."""

    def __init__(self) -> None:
        self._folders: dict[tuple[str, str], list[tuple[str, Place]]] = {}

    def add(self, path: str, place: Place) -> None:
        """Adds a folder that holds frames, or has a clip's name."""
        key = (place.split, clip_name(path))
        self._folders.setdefault(key, []).append((path, place))

    def with_images(self, found: Iterable[tuple[LabelFile, Place]]) -> Iterator[LabelFile]:
        """Yields the label files with their image folders.

        The folder of a label file whose folders have other names is the only one of its clip's
        name, and no other label file's: two clips of one name must not get the same images.
        """
        claims: dict[str, list[bool]] = {}
        choices = []
        for label, place in found:
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
            elif paths and not is_usable(paths[0]):
                label = unusable(label, "the path of its images")
            yield label._replace(images=paths[0] if paths and not label.refused else "")

    def _likeliest(self, label: LabelFile, place: Place) -> tuple[list[str], bool]:
        """Returns the likeliest image folders, and whether their folders' names leave no doubt."""
        name = stem_of(label.path)
        best: list[str] = []
        best_likeness: tuple[int, ...] = ()
        for path, image_place in self._folders.get((label.split, clip_name(name)), ()):
            likeness = (
                image_place.words == place.words,
                len(set(image_place.words) & set(place.words)),
                -len(image_place.words),
                plain(name_of(path)) == plain(name),
                name_of(path) == name,
            )
            if likeness > best_likeness:
                best, best_likeness = [], likeness
            if likeness == best_likeness:
                best.append(path)
        return best, bool(best) and bool(best_likeness[0])


def list_images(root: str, label: LabelFile) -> ImageFolder | None:
    """Lists the clip's image folder; None if there is none.

    One listing is cheaper than a look for each frame.
    """
    if not label.images:
        return None
    path = label.images
    inner = f"{path}/{name_of(path)}"
    try:
        names = os.listdir(f"{root}/{path}")
        if name_of(path) in names and os.path.isdir(f"{root}/{inner}"):
            # An archive of the folder was unpacked into a folder of its name.
            path, names = inner, os.listdir(f"{root}/{inner}")
    except OSError:
        return None
    return ImageFolder(path, frozenset(names))
