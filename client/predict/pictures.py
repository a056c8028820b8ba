"""Prepares pictures for the model.

The model reads JPEG, PNG, GIF and BMP as stored and ignores EXIF. An upright file in one of
these formats is passed on byte for byte. Any other file is opened here, turned upright and
encoded again: a JPEG as JPEG (quality 95, no colour subsampling), any other without loss as PNG.
For a phone's photo of 12 megapixels PNG took 20 times as long as JPEG and five times the space,
and the differences that it avoids vanish when the model shrinks the photo.
"""

import contextlib
import io
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image, ImageOps

from dataset.decoding import DECODE_ERRORS, PhotoError, opened, orientation_of, to_rgb
from dataset.settings import DataSettings
from schemas.reasons import RejectReason

MAX_PIXELS = DataSettings().max_image_pixels
"""Larger photos are refused, as they are by the ingest with its default settings."""

_JPEG_FORMATS = ("JPEG", "MPO")
_MODEL_FORMATS = (*_JPEG_FORMATS, "PNG", "GIF", "BMP")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


class Picture(NamedTuple):
    """A picture that the model can read.

    Attributes:
      encoded: upright, in one of the model's formats.
      height, width: pixels.
    """

    encoded: bytes
    height: int
    width: int


def upright_picture(photo: bytes) -> Picture:
    """Returns the photo as the model needs it; of a file that is passed on it reads the header.

    Args:
      photo: a file's bytes, in any format that Pillow knows.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or, if it must be encoded again,
        IMAGE_TRUNCATED.
    """
    with _open_within_limits(photo) as image:
        if image.format in _MODEL_FORMATS and orientation_of(image) == 1:
            return Picture(photo, image.height, image.width)
        return _reencode(image)


def reencoded_picture(photo: bytes) -> Picture:
    """Returns the same as ``upright_picture``, but always encodes again.

    This is for files that Pillow can read and TensorFlow cannot, such as a BMP of 16 colours.

    Raises:
      PhotoError: as ``upright_picture``.
    """
    with _open_within_limits(photo) as image:
        return _reencode(image)


@contextlib.contextmanager
def _open_within_limits(photo: bytes) -> Iterator[Image.Image]:
    if photo[4:8] == b"ftyp" and photo[8:12] in _HEIC_BRANDS:
        raise PhotoError(
            RejectReason.NOT_AN_IMAGE, "HEIC is not supported; convert the photo to JPEG"
        )
    with opened(photo) as image:
        if image.width * image.height > MAX_PIXELS:
            raise PhotoError(
                RejectReason.IMAGE_TOO_LARGE,
                f"{image.height} x {image.width} pixels, the limit is {MAX_PIXELS}",
            )
        yield image


def _reencode(image: Image.Image) -> Picture:
    is_jpeg = image.format in _JPEG_FORMATS
    try:
        image.load()
        pixels = to_rgb(ImageOps.exif_transpose(image))
    except DECODE_ERRORS as error:
        raise PhotoError(RejectReason.IMAGE_TRUNCATED, str(error)) from error
    file = io.BytesIO()
    if is_jpeg:
        pixels.save(file, "JPEG", quality=95, subsampling=0)
    else:
        pixels.save(file, "PNG", compress_level=1)
    return Picture(file.getvalue(), pixels.height, pixels.width)
