"""Result of parsing an encoded photo's own bytes, before any library sees them.

Every parser returns the size, the orientation and a copy of the photo that has its pixels alone.
Metadata beside the pixels is what makes decoders fail or use much memory: an EXIF directory whose
entries overlap, a colour profile that inflates to gigabytes, a comment that is joined from a
million blocks, a hundred thousand frames of which one is wanted.
"""

from typing import NamedTuple

from schemas.reasons import RejectReason

UPRIGHT = 1
"""EXIF's orientation of a photo that is shown as it is stored; also that of one without EXIF."""


class PhotoError(ValueError):
    """A photo that cannot be used, with the reason for refusing its row."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class MalformedError(ValueError):
    """Bytes that are not a photo of the format."""


class IncompleteError(MalformedError):
    """Bytes that end before the size and the orientation are known."""


class Parsed(NamedTuple):
    """Properties of an encoded photo, from its headers.

    Attributes:
      height, width: as stored, pixels; the largest that any header names. None where the format's
        library finds them without decoding.
      orientation: EXIF's, 1..8.
      content: the photo without metadata, for the decoder. It may end early, as the photo may.
    """

    height: int | None
    width: int | None
    orientation: int
    content: bytes
