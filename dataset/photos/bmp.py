"""Parses a BMP: its size.

Layout: Microsoft, "Bitmap Storage", BITMAPCOREHEADER and BITMAPINFOHEADER.
"""

import struct

from dataset.photos.parsed import UPRIGHT, IncompleteError, Parsed

SIGNATURE = b"BM"

_FILE_HEADER = 14
_CORE_HEADER = 12
"""Length of the oldest header, whose sides have 16 bits."""


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a BMP; a negative height says that the rows begin at the top.

    Raises:
      IncompleteError: the bytes end in the header.
    """
    if len(photo) < _FILE_HEADER + _CORE_HEADER:
        raise IncompleteError("it ends in its header")
    (header,) = struct.unpack_from("<I", photo, _FILE_HEADER)
    layout = "<HH" if header == _CORE_HEADER else "<ii"
    width, height = struct.unpack_from(layout, photo, _FILE_HEADER + 4)
    return Parsed(abs(height), abs(width), UPRIGHT, photo)
