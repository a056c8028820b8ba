"""Decodes photos into upright RGB pixels, and no more of them than a crop needs.

A file that is not a sound photo raises an error with a reason.
"""

import contextlib
import io
import math
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from dataset.boxes import PixelBox
from dataset.crops import CropPlan
from schemas.reasons import RejectReason

# Our own limit gives a reason; Pillow's would give an exception or a warning.
Image.MAX_IMAGE_PIXELS = None

RegionDecoder = Callable[[bytes, PixelBox, int], npt.NDArray[np.uint8]]
"""Decodes a region of a JPEG at 1/1, 1/2, 1/4 or 1/8 of its size: (JPEG, region in pixels of the
reduced photo, 1, 2, 4 or 8) to uint8[height, width, 3], RGB. Raises a ValueError for a JPEG that
it cannot decode."""

_ORIENTATION_TAG = 0x0112
_MIN_DECODED_PER_STORED = 2.0
"""Decoded pixels per stored pixel, along an axis, that a reduced decode leaves at least. So the
resize, which serving does too, still does most of the smoothing. ``benchmarks.skew`` measures the
difference that remains."""
_END_OF_JPEG = b"\xff\xd9"
_TAIL = 64
DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""Errors of Pillow's plugins on broken data, found by feeding them cut and altered files."""


class PhotoError(ValueError):
    """A photo that cannot be used, with the reason for refusing its row."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


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


@contextlib.contextmanager
def opened(photo: bytes) -> Iterator[Image.Image]:
    """Opens an encoded photo without decoding it.

    Raises:
      PhotoError: NOT_AN_IMAGE.
    """
    try:
        image = Image.open(io.BytesIO(photo))
    except UnidentifiedImageError as error:
        raise PhotoError(RejectReason.NOT_AN_IMAGE, _beginning(photo)) from error
    except DECODE_ERRORS as error:
        raise PhotoError(RejectReason.NOT_AN_IMAGE, f"{_beginning(photo)}: {error}") from error
    with image:
        yield image


def _beginning(photo: bytes) -> str:
    """Describes a file by its size and its first bytes."""
    return f"{len(photo)} bytes, beginning {photo[:8].hex(' ')}" if photo else "0 bytes"


def orientation_of(image: Image.Image) -> int:
    """Returns the EXIF orientation 1..8; 1 for a missing or senseless one.

    Pillow turns a TIFF itself: the size when the file is opened, the pixels when it is decoded.
    """
    if image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def decode(
    photo: bytes,
    image: Image.Image,
    orientation: int,
    plan: CropPlan,
    decode_region: RegionDecoder | None,
) -> Decoded:
    """Decodes the pixels that ``plan`` needs; a JPEG at 1/2, 1/4 or 1/8 if that is enough.

    Args:
      photo: the encoded photo.
      image: the same photo, opened.
      orientation: its EXIF orientation.
      plan: the crop to make.
      decode_region: a faster decoder for ordinary JPEGs; None decodes whole photos.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
    """
    left, top, right, bottom = plan.source
    photo_per_stored = min((right - left) / plan.width, (bottom - top) / plan.height)
    reduction = photo_per_stored / _MIN_DECODED_PER_STORED
    if decode_region is not None and orientation == 1 and _is_ordinary_jpeg(photo, image):
        # If this decoder fails, Pillow below finds the reason.
        with contextlib.suppress(ValueError):
            return _decode_part(photo, image.size, plan, reduction, decode_region)
    return _decode_whole(image, orientation, reduction)


def _is_ordinary_jpeg(photo: bytes, image: Image.Image) -> bool:
    """Returns whether a photo is an RGB JPEG that is whole.

    A region decoder would not notice a file that breaks off below its region.
    """
    return image.format == "JPEG" and image.mode == "RGB" and _END_OF_JPEG in photo[-_TAIL:]


def _decode_part(
    photo: bytes, size: tuple[int, int], plan: CropPlan, reduction: float, decode: RegionDecoder
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
    right = min(math.ceil(size[0] / ratio), math.ceil(plan.source[2] / ratio + x_reach))
    bottom = min(math.ceil(size[1] / ratio), math.ceil(plan.source[3] / ratio + y_reach))
    pixels = decode(photo, PixelBox(top, left, bottom - top, right - left), ratio)
    return Decoded(
        Image.fromarray(pixels), left * ratio, top * ratio, x_scale=1 / ratio, y_scale=1 / ratio
    )


def _decode_whole(image: Image.Image, orientation: int, reduction: float) -> Decoded:
    width, height = image.size if orientation < 5 else image.size[::-1]
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (int(image.width / reduction), int(image.height / reduction)))
    try:
        with warnings.catch_warnings():
            # Pillow warns of palettes with transparency. The alpha is dropped on purpose, because
            # TensorFlow drops it in serving.
            warnings.simplefilter("ignore", UserWarning)
            image.load()
            upright = ImageOps.exif_transpose(image) if orientation != 1 else image
            pixels = to_rgb(upright)
    except DECODE_ERRORS as error:
        raise PhotoError(RejectReason.IMAGE_TRUNCATED, str(error)) from error
    return Decoded(pixels, 0, 0, pixels.width / width, pixels.height / height)


def to_rgb(image: Image.Image) -> Image.Image:
    """Returns decoded pixels as 8-bit RGB without alpha, the same as TensorFlow gives."""
    if image.mode.startswith("I"):
        # 16-bit grey: keep the high byte, as TensorFlow does. Pillow would clip at 255.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
