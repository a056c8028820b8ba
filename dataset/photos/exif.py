"""EXIF orientation, read as browsers read it.

Only a SHORT with one value in the first directory counts; other types, other counts and values
outside 1..8 are ignored, as Chromium ignores them. ``models.inputs.exif`` does the same in
TensorFlow, and a test holds the two equal.

Formats: JEITA CP-3451 (Exif 2.3), sections 4.5 and 4.6; TIFF 6.0, section 2.
"""

import struct

from PIL import Image

from dataset.photos.parsed import UPRIGHT

_TAG, _SHORT = 0x0112, 3
_ENTRY_BYTES = 12
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turn(image: Image.Image, orientation: int) -> Image.Image:
    """Returns the pixels turned upright; no metadata is read or written.

    Args:
      image: decoded.
      orientation: 1..8.
    """
    if orientation == UPRIGHT:
        return image
    return image.transpose(_TRANSPOSITIONS[orientation])


def upright_size(height: int, width: int, orientation: int) -> tuple[int, int]:
    """Returns (height, width) of the upright photo."""
    return (height, width) if orientation < 5 else (width, height)


def orientation_of(exif: bytes) -> int:
    """Returns the orientation 1..8 in the first directory of a TIFF structure, or 1."""
    order = _ORDERS.get(exif[:4])
    if order is None or len(exif) < 8:
        return UPRIGHT
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    if directory + 2 > len(exif):
        return UPRIGHT
    (entries,) = struct.unpack_from(f"{order}H", exif, directory)
    for entry in range(entries):
        at = directory + 2 + _ENTRY_BYTES * entry
        if at + _ENTRY_BYTES > len(exif):
            break
        tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, at)
        if (tag, kind, count) == (_TAG, _SHORT, 1):
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
