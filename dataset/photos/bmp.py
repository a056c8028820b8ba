"""Parses a BMP: its size.

Layout: Microsoft, "Bitmap Storage", BITMAPCOREHEADER and BITMAPINFOHEADER.
"""

import struct

from dataset.photos.parsed import UPRIGHT, IncompleteError, MalformedError, Parsed

SIGNATURE = b"BM"

_FILE_HEADER = 14
_CORE_HEADER = 12
"""Length of the oldest header, whose sides have 16 bits."""
_HEADERS = (_CORE_HEADER, 16, 40, 52, 56, 64, 108, 124)
"""Lengths of all headers: a text may begin with "BM" too."""


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a BMP; a negative height says that the rows begin at the top.

    Raises:
      MalformedError: its header has another length than any, or it has no pixels.
      IncompleteError: the bytes end in the header.
    """
    if len(photo) < _FILE_HEADER + _CORE_HEADER:
        raise IncompleteError("it ends in its header")
    (header,) = struct.unpack_from("<I", photo, _FILE_HEADER)
    if header not in _HEADERS:
        raise MalformedError(f"no header of a BMP has {header} bytes")
    layout = "<HH" if header == _CORE_HEADER else "<ii"
    width, height = struct.unpack_from(layout, photo, _FILE_HEADER + 4)
    if not height or width <= 0:
        raise MalformedError(f"it has {height} x {width} pixels (height x width)")
    return Parsed(abs(height), width, UPRIGHT, photo)
