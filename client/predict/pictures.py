"""Prepares pictures for the model.

The model reads JPEG, PNG, GIF and BMP. An upright JPEG, PNG or BMP is passed on as it is, without
its metadata: a server needs no place and no serial number of a camera, and what is not sent cannot
be turned again by a servable that reads EXIF itself. Any other photo is opened here, turned upright
and encoded again: a JPEG as JPEG (quality 95, no colour subsampling), any other without loss as
PNG. For a phone's photo of 12 megapixels PNG took 20 times as long as JPEG and five times the
space, and the differences that it avoids vanish when the model shrinks the photo.

A GIF is always encoded again: TensorFlow would decode all its frames for the first one.
"""

import io
from typing import NamedTuple

from dataset.photos import opening
from dataset.photos.decoding import decode_whole
from dataset.photos.opening import OpenPhoto, opened
from dataset.photos.parsed import UPRIGHT
from schemas.limits import MAX_IMAGE_PIXELS

_PASSED_ON = (opening.JPEG, opening.PNG, opening.BMP)


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
      photo: a file's bytes, in one of ``dataset.photos.opening.FORMATS``.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
    """
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        if one.format in _PASSED_ON and one.orientation == UPRIGHT:
            return Picture(one.content, one.height, one.width)
        return _reencode(one)


def reencoded_picture(photo: bytes) -> Picture:
    """Returns the same as ``upright_picture``, but always encodes again.

    This is for files that Pillow can read and TensorFlow cannot, such as a BMP of 16 colours.

    Raises:
      PhotoError: as ``upright_picture``.
    """
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        return _reencode(one)


def _reencode(one: OpenPhoto) -> Picture:
    pixels = decode_whole(one).pixels
    # Some of Pillow's writers would write the metadata of the file that the pixels are from.
    pixels.info.clear()
    file = io.BytesIO()
    if one.format == opening.JPEG:
        pixels.save(file, "JPEG", quality=95, subsampling=0)
    else:
        pixels.save(file, "PNG", compress_level=1)
    return Picture(file.getvalue(), pixels.height, pixels.width)
