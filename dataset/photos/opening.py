"""Opens encoded photos: the one way from a file's bytes to a decoder.

The format is told by the content, and is one of a few. Limits on bytes and pixels are checked
before a decoder sees the photo, and it sees no metadata. Whatever error a decoder raises, the
caller gets a ``PhotoError``.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from dataset.photos import bmp, gif, isobmff, jpeg, png, tiff, webp
from dataset.photos.exif import upright_size
from dataset.photos.parsed import MalformedError, Parsed, PhotoError
from schemas.limits import MAX_IMAGE_BYTES, MAX_IMAGE_SIDE
from schemas.reasons import RejectReason

# Pillow warns of palettes with transparency and of large photos. Alpha is dropped on purpose,
# because TensorFlow drops it in serving, and our limits refuse large photos.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

JPEG, PNG, GIF, BMP, WEBP, TIFF, AVIF = "JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"
FORMATS = (JPEG, PNG, GIF, BMP, WEBP, TIFF, AVIF)
"""Formats that are opened, by Pillow's names."""

MODES = frozenset(
    ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I;16", "I;16B")
)
"""Pillow's modes with 8 or 16 bits a channel. Others have no agreed black and white: their values
may be heights, temperatures or light."""

_PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    JPEG: jpeg.parse,
    PNG: png.parse,
    GIF: gif.parse,
    BMP: bmp.parse,
    WEBP: webp.parse,
    TIFF: tiff.parse,
    AVIF: isobmff.parse_avif,
}
_ORIENTATION_TAG = 0x0112
_OTHERS = (
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"DDS ", "DDS"),
    (b"\0\0\1\0", "an icon"),
)
"""Beginnings of formats that are known and not opened."""


class OpenPhoto(NamedTuple):
    """A photo whose headers were read; the pixels are not decoded yet.

    Attributes:
      image: Pillow's, in the stored orientation. ``load`` decodes it.
      format: one of ``FORMATS``.
      content: the encoded photo without metadata.
      orientation: EXIF's, 1..8; the stored pixels must be turned by it.
      height, width: of the upright photo, pixels.
    """

    image: Image.Image
    format: str
    content: bytes
    orientation: int
    height: int
    width: int


def format_of(photo: bytes) -> str | None:
    """Returns which of ``FORMATS`` the first bytes are of; None if of none of them."""
    if photo.startswith(jpeg.SIGNATURE):
        return JPEG
    if photo.startswith(png.SIGNATURE):
        return PNG
    if photo.startswith(gif.SIGNATURES):
        return GIF
    if photo.startswith(bmp.SIGNATURE):
        return BMP
    if webp.is_webp(photo):
        return WEBP
    if tiff.layout_of(photo) is not None:
        return TIFF
    return AVIF if isobmff.format_of(photo) == AVIF else None


def parse(photo: bytes) -> tuple[str, Parsed]:
    """Returns the format of a photo, and what its own bytes tell.

    Raises:
      PhotoError: NOT_AN_IMAGE; its cause is an IncompleteError where the bytes end too early.
    """
    name = format_of(photo)
    if name is None:
        raise PhotoError(RejectReason.NOT_AN_IMAGE, _unknown_format(photo))
    try:
        return name, _PARSERS[name](photo)
    except MalformedError as error:
        detail = f"{name} of {len(photo)} bytes: {error}"
        raise PhotoError(RejectReason.NOT_AN_IMAGE, detail) from error


@contextlib.contextmanager
def opened(photo: bytes, max_pixels: int, max_bytes: int = MAX_IMAGE_BYTES) -> Iterator[OpenPhoto]:
    """Opens an encoded photo without decoding it.

    Args:
      photo: a file's bytes.
      max_pixels: largest height x width.
      max_bytes: largest length of ``photo``.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
    """
    check_bytes(len(photo), max_bytes)
    name, parsed = parse(photo)
    if parsed.height is not None and parsed.width is not None:
        check_pixels(parsed.height, parsed.width, max_pixels)
    with _pillow_errors(RejectReason.NOT_AN_IMAGE, name):
        image = Image.open(io.BytesIO(parsed.content), formats=[name])
    with image:
        check_pixels(image.height, image.width, max_pixels)
        orientation = parsed.orientation
        if name == AVIF:
            # Pillow tells the container's rotation in EXIF's words.
            orientation = image.getexif().get(_ORIENTATION_TAG, orientation)
        if image.mode not in MODES:
            raise PhotoError(
                RejectReason.NOT_AN_IMAGE,
                f"a photo has 8 or 16 bits a channel. Received: {name} of mode {image.mode}",
            )
        height, width = upright_size(image.height, image.width, orientation)
        yield OpenPhoto(image, name, parsed.content, orientation, height, width)


def load(photo: OpenPhoto) -> Image.Image:
    """Decodes the pixels.

    Returns:
      8-bit RGB without alpha, the same as TensorFlow gives; in the stored orientation.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
    """
    with _pillow_errors(RejectReason.IMAGE_TRUNCATED, photo.format):
        photo.image.load()
        return _to_rgb(photo.image)


def check_bytes(length: int, max_bytes: int) -> None:
    """Raises a PhotoError, IMAGE_TOO_LARGE, for a file with more bytes."""
    if length > max_bytes:
        raise PhotoError(RejectReason.IMAGE_TOO_LARGE, f"{length} bytes, the limit is {max_bytes}")


def check_pixels(height: int, width: int, max_pixels: int) -> None:
    """Raises a PhotoError, IMAGE_TOO_LARGE, for a photo with more pixels, or with a longer side."""
    if max(height, width) > MAX_IMAGE_SIDE:
        raise PhotoError(
            RejectReason.IMAGE_TOO_LARGE,
            f"{height} x {width} pixels (height x width), the limit of a side is {MAX_IMAGE_SIDE}",
        )
    if height * width > max_pixels:
        raise PhotoError(
            RejectReason.IMAGE_TOO_LARGE,
            f"{height} x {width} pixels (height x width), the limit is {max_pixels}",
        )


@contextlib.contextmanager
def _pillow_errors(reason: RejectReason, name: str) -> Iterator[None]:
    """Turns any error of a decoder into a PhotoError.

    A decoder's errors are no closed list: Pillow's plugins have raised NotImplementedError,
    RuntimeError, TypeError, MemoryError and many others for broken files.
    """
    try:
        yield
    except Image.DecompressionBombError as error:
        raise PhotoError(RejectReason.IMAGE_TOO_LARGE, str(error)) from error
    except Exception as error:
        detail = f"{name}: {type(error).__name__}: {error}"
        raise PhotoError(reason, detail) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16-bit grey: keep the high byte, as TensorFlow does. Pillow would clip at 255.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _unknown_format(photo: bytes) -> str:
    """Describes a file that is not opened, by its format, or its size and its first bytes."""
    accepted = ", ".join(FORMATS)
    if isobmff.format_of(photo) == "HEIC":
        return (
            "HEIC is not supported; convert the photo to JPEG (iPhones take JPEGs with Settings > "
            "Camera > Formats > Most Compatible)"
        )
    for beginning, name in _OTHERS:
        if photo.startswith(beginning):
            return f"{name} is not supported; convert the photo to one of {accepted}"
    return f"{len(photo)} bytes, beginning {photo[:8].hex(' ')}" if photo else "0 bytes"
