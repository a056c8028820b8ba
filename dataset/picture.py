"""Photos: opened, checked, turned upright, cropped, shrunk and stored as JPEG.

Everything that a file can be in place of a sound photo ends here in a reason.
"""

import contextlib
import io
import struct
import unicodedata
import warnings
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dataset.boxes import PixelBox, check_box, view_of
from dataset.crops import CropPlan, plan_crop
from dataset.rules import DataSettings
from dataset.table import Opener
from schemas.reasons import RejectReason

# Our own limit answers with a reason; Pillow's would answer with an exception or a warning.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION_TAG = 0x0112
DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What Pillow's plugins raise on broken data, found by feeding them cut and altered files."""


class PictureError(ValueError):
    """A photo that cannot be used, with the reason it is refused for."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Crop(NamedTuple):
    """What is stored of a photo.

    Attributes:
      jpeg: the crop, 3-channel RGB.
      window: the model's view inside the crop.
      image_height, image_width: of the upright photo, pixels.
    """

    jpeg: bytes
    window: PixelBox
    image_height: int
    image_width: int


def read_photo(path: str, opener: Opener = open) -> bytes:
    """Returns the file's bytes.

    Where there is no file of that name, the composed (NFC) and the decomposed (NFD) form of
    the name are tried: archives made on macOS hold Korean names in NFD.

    Raises:
      PictureError: IMAGE_MISSING.
    """
    forms = dict.fromkeys([path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))])
    detail = ""
    for name in forms:
        try:
            with opener(name, "rb") as file:
                return bytes(file.read())
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name.
            detail = detail or str(error)
    raise PictureError(RejectReason.IMAGE_MISSING, detail)


def make_crop(photo: bytes, box: PixelBox, rules: DataSettings, side: int) -> Crop:
    """Cuts the view around ``box`` out of an encoded photo.

    Args:
      photo: the file's bytes, in any format that Pillow knows.
      box: in pixels of the upright photo.
      rules: margin, surplus, limits and JPEG quality.
      side: the training resolution, pixels.

    Raises:
      PictureError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    with opened(photo) as image:
        orientation = orientation_of(image)
        width, height = image.size if orientation < 5 else image.size[::-1]
        if width * height > rules.max_image_pixels:
            raise PictureError(
                RejectReason.IMAGE_TOO_LARGE,
                f"{height} x {width} pixels, the limit is {rules.max_image_pixels}",
            )
        check_box(box, height, width, rules.min_box_side)
        view = view_of(box, rules.box_margin, height, width)
        plan = plan_crop(view, height, width, side, rules.surplus)
        pixels = _decode(image, orientation, view, plan)
        crop = _cut(pixels, plan, (width, height))
    stored = io.BytesIO()
    # Full colour resolution: at 64 pixels, halved colour is most of what storing changes.
    crop.save(stored, "JPEG", quality=rules.jpeg_quality, subsampling=0)
    return Crop(stored.getvalue(), plan.window, height, width)


@contextlib.contextmanager
def opened(photo: bytes) -> Iterator[Image.Image]:
    """Opens an encoded photo without decoding it.

    Raises:
      PictureError: NOT_AN_IMAGE.
    """
    try:
        image = Image.open(io.BytesIO(photo))
    except UnidentifiedImageError as error:
        raise PictureError(RejectReason.NOT_AN_IMAGE, _kind(photo)) from error
    except DECODE_ERRORS as error:
        raise PictureError(RejectReason.NOT_AN_IMAGE, f"{_kind(photo)}: {error}") from error
    with image:
        yield image


def _kind(photo: bytes) -> str:
    return f"{len(photo)} bytes, beginning {photo[:8].hex(' ')}" if photo else "0 bytes"


def orientation_of(image: Image.Image) -> int:
    """Returns the EXIF orientation 1..8; 1 where there is none or it makes no sense.

    Pillow turns a TIFF by itself, its size when it is opened and its pixels when decoded.
    """
    if image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def _decode(image: Image.Image, orientation: int, view: PixelBox, plan: CropPlan) -> Image.Image:
    """Returns the upright pixels, of a JPEG at 1/2, 1/4 or 1/8 where the view allows it.

    The reduced picture stays at least twice as large as what is stored, so that the resize,
    which serving does too, still does the smoothing: with that the stored pixels are as close
    to serving's as after a full decode.
    """
    shrink = min(view.height / plan.window.height, view.width / plan.window.width) / 2
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (int(image.width / shrink), int(image.height / shrink)))
    try:
        with warnings.catch_warnings():
            # Pillow warns of palettes with transparency; the alpha is dropped on purpose, as
            # TensorFlow drops it when serving.
            warnings.simplefilter("ignore", UserWarning)
            image.load()
            upright = ImageOps.exif_transpose(image) if orientation != 1 else image
            return to_rgb(upright)
    except DECODE_ERRORS as error:
        raise PictureError(RejectReason.IMAGE_TRUNCATED, str(error)) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Returns decoded pixels as 3-channel RGB of 8 bits, as TensorFlow would; alpha is dropped."""
    if image.mode.startswith("I"):
        # 16-bit grey: keep the high byte, as TensorFlow does; Pillow would clip at 255.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _cut(pixels: Image.Image, plan: CropPlan, full_size: tuple[int, int]) -> Image.Image:
    """Cuts and shrinks; ``pixels`` may be a reduced decode of the photo of ``full_size``."""
    x_scale, y_scale = pixels.width / full_size[0], pixels.height / full_size[1]
    left, top, right, bottom = plan.source
    # Rounding up the size of a reduced decode must not push the region past its edge.
    region = (
        max(0.0, left * x_scale),
        max(0.0, top * y_scale),
        min(float(pixels.width), right * x_scale),
        min(float(pixels.height), bottom * y_scale),
    )
    size = (plan.width, plan.height)
    return pixels.resize(size, Image.Resampling.BILINEAR, box=region)
