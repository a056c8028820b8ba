"""Scenes: whole photos, stored small with the boxes of all their animals.

The locator learns from them what an animal is and what is none, and is judged on them.
"""

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from dataset.boxes import BoxError, PixelBox, clip_box
from dataset.photos.decoding import decode_whole
from dataset.photos.opening import opened
from dataset.settings import DataSettings
from schemas.settings import SettingsGroup
from schemas.splits import EVAL

_JPEG_QUALITY = 90
_MIN_DECODED_PER_STORED = 1.5
"""As in ``dataset.photos.decoding``."""


class SceneSettings(SettingsGroup):
    """Which photos the ingest stores whole and small, and how small.

    Attributes:
      side: longer side of a scene that is learnt from, pixels; 0 stores none.
      judged_side: the same of the eval split's.
      per_clip: photos of each clip.
    """

    side: int = 0
    judged_side: int = 0
    per_clip: int = 1

    def side_in(self, split: str) -> int:
        """Returns the longer side of the scenes of a split, pixels; 0 where there are none."""
        return self.judged_side if split == EVAL else self.side


class Scene(NamedTuple):
    """A whole photo, small.

    Attributes:
      jpeg: upright, 3-channel RGB.
      boxes: (top, left, bottom, right) over the photo's sides, [0, 1], of each animal.
    """

    jpeg: bytes
    boxes: tuple[tuple[float, float, float, float], ...]


def make_scene(photo: bytes, boxes: Sequence[PixelBox], settings: DataSettings, side: int) -> Scene:
    """Makes the scene of an encoded photo.

    Args:
      photo: the file's bytes, in one of ``dataset.photos.opening.FORMATS``.
      boxes: of all animals, in pixels of the upright photo. What lies outside of it is left out,
        as in ``dataset.photo.make_crop``; of a box of which too much does, all.
      settings: limits of photos and boxes.
      side: the longer side of the result, pixels; a smaller photo keeps its size.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
    """
    with opened(photo, settings.max_image_pixels, settings.max_image_bytes) as open_photo:
        height, width = open_photo.height, open_photo.width
        scale = min(1.0, side / max(height, width))
        pixels = decode_whole(open_photo, 1 / scale / _MIN_DECODED_PER_STORED).pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = pixels if size == pixels.size else pixels.resize(size, Image.Resampling.BILINEAR)
    stored = io.BytesIO()
    small.save(stored, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    shares = []
    for box in boxes:
        try:
            y, x, box_height, box_width = clip_box(box, settings.box_overhang, height, width)
        except BoxError:
            continue
        shares.append((y / height, x / width, (y + box_height) / height, (x + box_width) / width))
    return Scene(stored.getvalue(), tuple(shares))


def evenly(count: int, chosen: int) -> list[int]:
    """Returns ``chosen`` of the numbers 0..count-1, or all, spread evenly from the first on."""
    if count <= chosen:
        return [*range(count)]
    return [number * count // chosen for number in range(chosen)]
