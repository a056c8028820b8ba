"""Decodes photos into upright RGB pixels, and no more of them than a crop needs."""

import contextlib
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from dataset.boxes import PixelBox
from dataset.crops import CropPlan
from dataset.photos import opening
from dataset.photos.exif import turn
from dataset.photos.opening import OpenPhoto
from dataset.photos.parsed import UPRIGHT

RegionDecoder = Callable[[bytes, PixelBox, int], npt.NDArray[np.uint8]]
"""Decodes a region of a JPEG at 1/1, 1/2, 1/4 or 1/8 of its size: (JPEG, region in pixels of the
reduced photo, 1, 2, 4 or 8) to uint8[height, width, 3], RGB. Raises a ValueError for a JPEG that
it cannot decode."""

_MIN_DECODED_PER_STORED = 1.5
"""Decoded pixels per stored pixel, along an axis, that a reduced decode leaves at least. So the
resize, which serving does too, still does a part of the smoothing. What it costs is in
docs/decisions/0033-shrink-of-the-ingest.md; ``benchmarks.skew`` measures it too."""
_END_OF_JPEG = b"\xff\xd9"
_TAIL = 64


class Decoded(NamedTuple):
    """Upright pixels of a part of a photo, possibly reduced.

    Attributes:
      pixels: RGB.
      left, top: of the part's corner in pixels of the photo.
      x_scale, y_scale: decoded pixels per pixel of the photo, (0, 1].
    """

    pixels: Image.Image
    left: float
    top: float
    x_scale: float
    y_scale: float


def decode(photo: OpenPhoto, plan: CropPlan, decode_region: RegionDecoder | None) -> Decoded:
    """Decodes the pixels that ``plan`` needs; a JPEG at 1/2, 1/4 or 1/8 if that is enough.

    Args:
      photo: opened.
      plan: the crop to make.
      decode_region: a faster decoder for ordinary JPEGs; None decodes whole photos.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
    """
    left, top, right, bottom = plan.source
    photo_per_stored = min((right - left) / plan.width, (bottom - top) / plan.height)
    reduction = photo_per_stored / _MIN_DECODED_PER_STORED
    if decode_region is not None and _is_ordinary_jpeg(photo):
        # If this decoder fails, Pillow below finds the reason.
        with contextlib.suppress(ValueError):
            return _decode_part(photo, plan, reduction, decode_region)
    return decode_whole(photo, reduction)


def _is_ordinary_jpeg(photo: OpenPhoto) -> bool:
    """Returns whether a photo is an upright RGB JPEG that is whole.

    A region decoder would not notice a file that breaks off below its region.
    """
    return (
        photo.format == opening.JPEG
        and photo.image.mode == "RGB"
        and photo.orientation == UPRIGHT
        and _END_OF_JPEG in photo.content[-_TAIL:]
    )


def _decode_part(
    photo: OpenPhoto, plan: CropPlan, reduction: float, decode: RegionDecoder
) -> Decoded:
    """Decodes the region that ``plan`` needs, at the smallest ratio that leaves enough pixels."""
    ratio = 2 ** min(3, max(0, int(math.log2(max(reduction, 1.0)))))
    # The resize reads one stored pixel past the region's edges.
    y_reach, x_reach = (
        (plan.source[3] - plan.source[1]) / plan.height / ratio + 1,
        (plan.source[2] - plan.source[0]) / plan.width / ratio + 1,
    )
    left = max(0, math.floor(plan.source[0] / ratio - x_reach))
    top = max(0, math.floor(plan.source[1] / ratio - y_reach))
    right = min(math.ceil(photo.width / ratio), math.ceil(plan.source[2] / ratio + x_reach))
    bottom = min(math.ceil(photo.height / ratio), math.ceil(plan.source[3] / ratio + y_reach))
    pixels = decode(photo.content, PixelBox(top, left, bottom - top, right - left), ratio)
    return Decoded(
        Image.fromarray(pixels), left * ratio, top * ratio, x_scale=1 / ratio, y_scale=1 / ratio
    )


def decode_whole(photo: OpenPhoto, reduction: float = 1.0) -> Decoded:
    """Decodes a whole photo and turns it upright.

    Args:
      photo: opened.
      reduction: a JPEG is decoded at 1/2, 1/4 or 1/8 of its size if it stays so much larger than
        its size divided by this number.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
    """
    image = photo.image
    if photo.format == opening.JPEG and reduction > 1:
        image.draft(None, (int(image.width / reduction), int(image.height / reduction)))
    pixels = turn(opening.load(photo), photo.orientation)
    return Decoded(pixels, 0, 0, pixels.width / photo.width, pixels.height / photo.height)
