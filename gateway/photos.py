"""Photos before a model sees them: limits by their headers, and formats that no model reads.

A photo goes to the model as it came: the servable turns it upright by its EXIF orientation, so
that turning it here too would turn it twice. WebP, TIFF and AVIF, which the servable does not read,
are decoded here, turned and encoded again without EXIF.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from client.predict.pictures import Picture, reencoded_picture, upright_picture
from dataset.photos import opening
from dataset.photos.exif import upright_size
from dataset.photos.opening import check_bytes, check_pixels, format_of, parse
from gateway.settings import LimitSettings

SERVABLE_FORMATS = (opening.JPEG, opening.PNG, opening.GIF, opening.BMP)
_QUICK_FORMATS = (opening.JPEG, opening.BMP, opening.WEBP)
"""Formats that are parsed in few steps, however the file was made."""
_AT_ONCE_BYTES = 1 << 16
"""Length up to which any photo is parsed at once. A longer one that was made for it takes up to a
tenth of a second, in which no other request would be served."""


class CheckedPhoto(NamedTuple):
    """A photo that may be sent to the model.

    Attributes:
      encoded: for the model.
      format: as it came, such as "JPEG".
      height, width: of the upright photo, pixels; None where its header does not tell.
    """

    encoded: bytes
    format: str
    height: int | None
    width: int | None


class Photos:
    """Checks and prepares photos."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        # Decoding one of them takes up to a second of a core.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def check(self, photo: bytes) -> CheckedPhoto:
        """Returns a photo after a look at its header.

        Raises:
          PhotoError: NOT_AN_IMAGE or IMAGE_TOO_LARGE.
        """
        if len(photo) <= _AT_ONCE_BYTES or format_of(photo) in _QUICK_FORMATS:
            return self._checked(photo)
        return await asyncio.to_thread(self._checked, photo)

    def _checked(self, photo: bytes) -> CheckedPhoto:
        check_bytes(len(photo), self._limits.photo_bytes)
        name, parsed = parse(photo)
        if parsed.height is None or parsed.width is None:
            return CheckedPhoto(photo, name, None, None)
        check_pixels(parsed.height, parsed.width, self._limits.photo_pixels)
        height, width = upright_size(parsed.height, parsed.width, parsed.orientation)
        return CheckedPhoto(photo, name, height, width)

    async def prepare(self, photo: bytes) -> CheckedPhoto:
        """Returns a photo that the model can read.

        Raises:
          PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
        """
        checked = await self.check(photo)
        if checked.format in SERVABLE_FORMATS:
            return checked
        return await self._decoded(photo, upright_picture, checked.format)

    async def encode_again(self, photo: bytes) -> CheckedPhoto:
        """Returns a photo decoded here and encoded again: the model could not read it.

        Raises:
          PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED.
        """
        return await self._decoded(photo, reencoded_picture, format_of(photo) or "")

    async def _decoded(
        self, photo: bytes, encode: Callable[[bytes], Picture], name: str
    ) -> CheckedPhoto:
        async with self._one_at_a_time:
            picture = await asyncio.to_thread(encode, photo)
        check_pixels(picture.height, picture.width, self._limits.photo_pixels)
        return CheckedPhoto(picture.encoded, name, picture.height, picture.width)
