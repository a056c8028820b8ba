"""How unlike the training's photos a photo looks.

The measure is the distance of colours and shapes in small: each view, the box with its margin, is
shrunk to 8 x 8 pixels, and the root of the mean squared difference to the nearest of the training's
views is taken, 0..255. It needs no network and no GPU. It finds other light, other backgrounds and
other coats; it knows nothing of moods.
"""

import io
import random
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import Row, read_rows
from dataset.photo import make_crop
from dataset.photos.files import read_photo
from dataset.photos.opening import opened
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings

_SIDE = 8
Floats = npt.NDArray[np.float32]
T = TypeVar("T")


class TrainingViews:
    """Views of the training's photos in small, in memory: 768 bytes each."""

    def __init__(self, csv: Path, image_root: Path | None, size: int, seed: int = 0) -> None:
        """Reads some rows of a table, drawn at random.

        Args:
          csv: the train table.
          image_root: folder that relative paths start from; None is the table's own.
          size: rows at most.
          seed: of the draw.
        """
        root = str(image_root or csv.parent)
        rows = sampled((row for row in read_rows(str(csv)) if not row.fault), size, seed)
        found = (_of_row(root, row) for row in rows)
        views = [view for view in found if view is not None]
        self._views = np.stack(views) if views else np.zeros((0, _SIDE * _SIDE * 3), np.float32)
        self._squares = (self._views**2).sum(axis=1)

    def __len__(self) -> int:
        return len(self._views)

    def novelty(self, photo: bytes, box: PixelBox | None) -> float | None:
        """Returns the distance to the nearest view, 0..255; None for an unreadable photo."""
        view = _view(photo, box)
        if view is None or not len(self):
            return None
        squares = self._squares - 2 * (self._views @ view) + (view**2).sum()
        return float(np.sqrt(max(0.0, squares.min()) / len(view)))


def sampled(items: Iterable[T], size: int, seed: int = 0) -> list[T]:
    """Returns some photos or rows, drawn at random: reading all may take hours."""
    rng = random.Random(seed)
    kept: list[T] = []
    for index, item in enumerate(items):
        if len(kept) < size:
            kept.append(item)
        elif (place := rng.randrange(index + 1)) < size:
            kept[place] = item
    return kept


def _of_row(root: str, row: Row) -> Floats | None:
    try:
        photo = read_photo(root, row.image_path, DataSettings().max_image_bytes)
        return _view(photo, parse_box(row.bbox))
    except (PhotoError, BoxError, OSError):
        return None


def _view(photo: bytes, box: PixelBox | None) -> Floats | None:
    settings = DataSettings(surplus=0, min_box_side=1)
    try:
        if box is None:
            with opened(photo, settings.max_image_pixels) as one:
                box = PixelBox(0, 0, one.height, one.width)
        crop = make_crop(photo, box, settings, 64)
    except (PhotoError, BoxError):
        return None
    with Image.open(io.BytesIO(crop.jpeg)) as image:
        small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32).reshape(-1)
