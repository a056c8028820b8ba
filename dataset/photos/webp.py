"""Parses a WebP: its size. Its EXIF is ignored, as Chromium ignores it.

Format: RFC 9649, sections 2.4 to 2.7, and RFC 6386, section 9.1.
"""

from dataset.photos.parsed import UPRIGHT, IncompleteError, MalformedError, Parsed

_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_CHUNK = 12
"""Offset of the first chunk."""
_HEADER_BYTES = 30


def is_webp(photo: bytes) -> bool:
    """Returns whether the bytes begin like a WebP."""
    return photo[:4] == b"RIFF" and photo[8:12] == b"WEBP"


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a WebP, of an animated one those of its canvas.

    Raises:
      MalformedError: the first chunk is unknown.
      IncompleteError: the bytes end in the header.
    """
    if len(photo) < _HEADER_BYTES:
        raise IncompleteError("it ends in its header")
    kind, data = photo[_CHUNK : _CHUNK + 4], photo[_CHUNK + 8 : _HEADER_BYTES]
    if kind == _EXTENDED:
        width, height = _little(data[4:7]) + 1, _little(data[7:10]) + 1
    elif kind == _LOSSY:
        width, height = _little(data[6:8]) & 0x3FFF, _little(data[8:10]) & 0x3FFF
    elif kind == _LOSSLESS:
        bits = _little(data[1:5])
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        raise MalformedError(f"its first chunk is {kind!r}")
    return Parsed(height, width, UPRIGHT, photo)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
