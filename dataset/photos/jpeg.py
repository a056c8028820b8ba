"""Parses a JPEG: size, orientation, and the segments that its decoder needs.

Format: ISO/IEC 10918-1, annex B.
"""

import re

from dataset.photos.exif import orientation_of
from dataset.photos.parsed import UPRIGHT, IncompleteError, MalformedError, Parsed

SIGNATURE = b"\xff\xd8\xff"

MAX_SCANS = 100
"""A progressive JPEG has about ten scans. Each costs a pass over all blocks of the picture, however
few bytes it has, so that a small file with thousands of them would occupy a decoder for minutes."""

_MAX_SEGMENTS = 2_000
"""A photo has some dozens before its first scan; one of 64 MiB that carries depths or films in
segments has a thousand."""

_APP0, _APP1, _APP14, _LAST_APP, _COMMENT = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NO_FILL = re.compile(rb"[^\xff]")
_MAX_FILL = 4096
"""Bytes 0xFF before a marker, of which any number may stand there and encoders write none."""


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a JPEG.

    Of the application segments only JFIF's and Adobe's are kept: they tell the colour space.

    Raises:
      MalformedError: there is no frame before the first scan, or too much before it or behind.
      IncompleteError: the bytes end before the first scan.
    """
    kept, height, width = [b"\xff\xd8"], 0, 0
    exif: bytes | None = None
    in_order = True
    at = 2
    for _ in range(_MAX_SEGMENTS):
        # A decoder skips bytes between segments; browsers' EXIF readers differ in whether they do.
        marker_at = photo.find(b"\xff", at)
        in_order = in_order and marker_at == at
        code = _NO_FILL.search(photo, marker_at, marker_at + _MAX_FILL) if marker_at >= 0 else None
        if code is None and 0 <= marker_at < len(photo) - _MAX_FILL:
            raise MalformedError(f"it has more than {_MAX_FILL} bytes of filling")
        if code is None:
            raise IncompleteError("it ends before its first scan")
        marker_at, at = code.start(), code.end()
        marker = photo[marker_at]
        if marker == 0:
            in_order = False
            continue
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _END:
            raise MalformedError("it ends without a scan")
        length = int.from_bytes(photo[at : at + 2], "big")
        if marker == _SCAN:
            break
        if length < 2:
            raise MalformedError("a segment has no length")
        if at + length > len(photo):
            raise IncompleteError("it ends before its first scan")

        segment = photo[at + 2 : at + length]
        if marker in _FRAMES:
            # Several frames are an error, which the decoder tells.
            height = max(height, int.from_bytes(segment[1:3], "big"))
            width = max(width, int.from_bytes(segment[3:5], "big"))
        elif marker == _APP1 and exif is None and in_order and segment[:5] == b"Exif\0":
            exif = segment[6:]
        if _is_needed(marker, segment):
            kept.append(photo[marker_at - 1 : at + length])
        at += length
    else:
        raise MalformedError(f"it has more than {_MAX_SEGMENTS} segments before its first scan")

    if not height or not width:
        raise MalformedError("it has no size before its first scan")
    # In a scan 0xFF is followed by 0, so that this counts scans alone.
    scans = photo.count(b"\xff\xda", marker_at - 1)
    if scans > MAX_SCANS:
        raise MalformedError(f"it has {scans} scans, the limit is {MAX_SCANS}")
    orientation = orientation_of(exif) if exif is not None else UPRIGHT
    kept.append(photo[marker_at - 1 :])
    return Parsed(height, width, orientation, b"".join(kept))


def _is_needed(marker: int, segment: bytes) -> bool:
    if marker == _APP0:
        return segment[:5] == b"JFIF\0"
    if marker == _APP14:
        return segment[:5] == b"Adobe"
    return not (_APP0 <= marker <= _LAST_APP or marker == _COMMENT)
