"""Parses a PNG: size, orientation, and the chunks that its decoder needs.

Format: Portable Network Graphics (PNG) Specification, third edition, sections 5 and 11.
"""

import struct

from dataset.photos.exif import orientation_of
from dataset.photos.parsed import UPRIGHT, IncompleteError, MalformedError, Parsed

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MAX_CHUNKS = 100_000
"""A file of 64 MiB has 8,192 chunks of the usual 8 KiB. What stands behind is left out."""
_CRITICAL = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))
_CHUNK_BYTES = 12
"""Length, type and checksum of a chunk."""
_HEADER = len(SIGNATURE) + 8
"""Offset of the size: IHDR is the first chunk."""


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a PNG, of an animated one those of its default picture.

    Only an eXIf chunk before the pixels counts, as in Chromium.

    Raises:
      MalformedError: the first chunk is not a header.
      IncompleteError: the bytes end before the pixels.
    """
    if len(photo) < _HEADER + 8:
        raise IncompleteError("it ends in its header")
    if photo[_HEADER - 4 : _HEADER] != b"IHDR":
        raise MalformedError("its first chunk is not IHDR")
    width, height = struct.unpack_from(">II", photo, _HEADER)

    kept, orientation, has_pixels = [SIGNATURE], 0, False
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(photo):
            break
        length, kind = struct.unpack_from(">I4s", photo, at)
        end = at + _CHUNK_BYTES + length
        has_pixels = has_pixels or kind == b"IDAT"
        if kind == b"eXIf" and not orientation and not has_pixels and end <= len(photo):
            orientation = orientation_of(photo[at + 8 : at + 8 + length])
        if kind in _CRITICAL:
            kept.append(photo[at:end])
        at = end
        if kind == b"IEND":
            break
    if not has_pixels:
        raise IncompleteError("it ends before its pixels")
    return Parsed(height, width, orientation or UPRIGHT, b"".join(kept))
