"""Pictures made fit for the model.

The model takes JPEG, PNG, GIF and BMP as stored and knows nothing of EXIF. A file in one of
these formats that stands upright goes to it byte for byte. Every other is opened here, turned
upright and encoded again: a JPEG as JPEG (quality 95, no colour subsampling), any other
without loss as PNG. For a phone's photo of 12 megapixels PNG took 20 times as long and five
times the room, and the differences that it avoids vanish when the model shrinks the photo.
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
"""Larger photos are refused, as the ingest does unless told otherwise."""

_JPEG_FORMATS = ("JPEG", "MPO")
_FORMATS_OF_THE_MODEL = (*_JPEG_FORMATS, "PNG", "GIF", "BMP")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


class Picture(NamedTuple):
    """A picture fit for the model.

    Attributes:
      encoded: upright, in a format that the model takes.
      height, width: pixels.
    """

    encoded: bytes
    height: int
    width: int


def upright(photo: bytes) -> Picture:
    """Returns the photo as the model shall get it; where it can, it reads the header alone.

    Args:
      photo: a file's bytes, in any format that Pillow knows.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or, where it must be encoded again,
        IMAGE_TRUNCATED.
    """
    with _checked(photo) as image:
        if image.format in _FORMATS_OF_THE_MODEL and orientation_of(image) == 1:
            return Picture(photo, image.height, image.width)
        return _encoded_again(image)


def encoded_again(photo: bytes) -> Picture:
    """Returns the same as ``upright``, but never the photo's own bytes.

    This is for files that Pillow can read and TensorFlow cannot, such as a BMP of 16 colours.

    Raises:
      PhotoError: as ``upright``.
    """
    with _checked(photo) as image:
        return _encoded_again(image)


@contextlib.contextmanager
def _checked(photo: bytes) -> Iterator[Image.Image]:
    if photo[4:8] == b"ftyp" and photo[8:12] in _HEIC_BRANDS:
        raise PhotoError(
            RejectReason.NOT_AN_IMAGE, "HEIC cannot be read here; convert the photo to JPEG"
        )
    with opened(photo) as image:
        if image.width * image.height > MAX_PIXELS:
            raise PhotoError(
                RejectReason.IMAGE_TOO_LARGE,
                f"{image.height} x {image.width} pixels, the limit is {MAX_PIXELS}",
            )
        yield image


def _encoded_again(image: Image.Image) -> Picture:
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
