"""Parses a GIF: the size and the first frame.

Format: CompuServe, "Graphics Interchange Format, Version 89a", sections 17 to 27.
"""

import struct
from collections.abc import Iterator

from dataset.photos.parsed import UPRIGHT, IncompleteError, MalformedError, Parsed

SIGNATURES = (b"GIF87a", b"GIF89a")

_SCREEN_BYTES, _FRAME_BYTES = 13, 10
_EXTENSION, _FRAME = 0x21, 0x2C
_GRAPHIC_CONTROL = 0xF9
_TRAILER = b"\x3b"
_MAX_STEPS = 300_000
"""Extensions and data blocks up to the first frame's end. A file of 64 MiB has 262,144 blocks of
the usual 255 bytes; blocks of one byte would take seconds to walk through."""


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a GIF; its content is the first frame alone.

    Raises:
      MalformedError: there is no frame, or it has too many blocks.
      IncompleteError: the bytes end before the first frame.
    """
    if len(photo) < _SCREEN_BYTES:
        raise IncompleteError("it ends in its header")
    width, height, flags = struct.unpack_from("<HHB", photo, 6)
    at = _SCREEN_BYTES + _table_bytes(flags)
    head, control = photo[:at], b""
    steps = iter(range(_MAX_STEPS))
    for _ in steps:
        if at + 2 > len(photo):
            raise IncompleteError("it ends before its first frame")
        if photo[at] == _FRAME:
            break
        if photo[at] != _EXTENSION:
            raise MalformedError("it has no frame")
        end = _end_of_blocks(photo, at + 2, steps)
        if photo[at + 1] == _GRAPHIC_CONTROL:
            control = photo[at:end]
        at = end
    else:
        raise _too_many()

    if at + _FRAME_BYTES > len(photo):
        raise IncompleteError("it ends in its first frame")
    left, top, columns, rows, flags = struct.unpack_from("<HHHHB", photo, at + 1)
    # One more byte: the least code size of the compression.
    end = _end_of_blocks(photo, at + _FRAME_BYTES + _table_bytes(flags) + 1, steps)
    content = head + control + photo[at:end] + _TRAILER
    return Parsed(max(height, top + rows), max(width, left + columns), UPRIGHT, content)


def _table_bytes(flags: int) -> int:
    """Returns the length of the colour table that the flags of a screen or a frame announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(photo: bytes, at: int, steps: Iterator[int]) -> int:
    """Returns the offset behind a chain of data blocks; at most the photo's length.

    Each block takes one of ``steps``; without any left it raises MalformedError.
    """
    while at < len(photo) and photo[at]:
        at += photo[at] + 1
        if next(steps, None) is None:
            raise _too_many()
    return min(at + 1, len(photo))


def _too_many() -> MalformedError:
    return MalformedError(f"its first frame takes more than {_MAX_STEPS:,} blocks")
