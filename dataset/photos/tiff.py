"""Parses a TIFF: size, orientation, and a first directory with what its decoder needs.

Only the first picture is looked at. A directory may name any bytes of the file for any of 65,536
tags, and a reader that keeps them all would need terabytes for a file of megabytes.

Format: TIFF 6.0, section 2; BigTIFF as in libtiff ("BigTIFF File Format Proposal", 2004).
"""

import struct
from typing import NamedTuple

from dataset.photos.exif import orientation_of
from dataset.photos.parsed import IncompleteError, MalformedError, Parsed

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TYPE_BYTES |= {16: 8, 17: 8, 18: 8}
_NEEDED_TAGS = frozenset(
    (
        *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284),  # Size, samples, strips, planes.
        *(292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339),  # Fax, predictor, palette, tiles.
        *(347, 529, 530, 531, 532),  # JPEG's tables and YCbCr.
    )
)
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_MAX_ENTRIES = 65_535
"""What a classic TIFF can have in a directory; a BigTIFF could have millions."""
_MAX_VALUE_BYTES = 1 << 20
"""A photo of 64 megapixels in strips of one row needs half of it for its offsets."""


class _Layout(NamedTuple):
    """Byte order and widths of a classic TIFF or a BigTIFF."""

    order: str
    offset: str
    first_directory: int
    entry_count: str

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * struct.calcsize(self.order + self.offset)


def layout_of(photo: bytes) -> _Layout | None:
    """Returns the layout by the first four bytes; None if they are not a TIFF's."""
    order = {b"II": "<", b"MM": ">"}.get(photo[:2])
    if order is None or len(photo) < 4:
        return None
    (version,) = struct.unpack_from(f"{order}H", photo, 2)
    if version == 42:
        return _Layout(order, "I", 4, "H")
    return _Layout(order, "Q", 8, "Q") if version == 43 else None


def parse(photo: bytes) -> Parsed:
    """Returns the properties of a TIFF; its content has one directory, behind the photo's bytes.

    Raises:
      MalformedError: a needed value has an unknown type or is implausibly long, or there are too
        many entries.
      IncompleteError: the bytes end before the directory or one of its values.
    """
    layout = layout_of(photo)
    if layout is None:
        raise MalformedError("it does not begin like a TIFF")
    try:
        entries = _needed_entries(photo, layout)
    except (struct.error, OverflowError) as error:  # A BigTIFF's offsets have 64 bits.
        raise IncompleteError("it ends before its directory") from error

    sizes = {tag: _first_value(entry, layout) for tag, entry in entries.items()}
    height, width = sizes.get(_HEIGHT, 0), sizes.get(_WIDTH, 0)
    if not height or not width:
        raise MalformedError("it has no size")
    # A tile may be larger than the picture, and is decoded whole.
    height = max(height, sizes.get(_TILE_HEIGHT, 0))
    width = max(width, sizes.get(_TILE_WIDTH, 0))

    directory = struct.pack(layout.order + layout.entry_count, len(entries))
    directory += b"".join(entries[tag] for tag in sorted(entries))
    directory += struct.pack(layout.order + layout.offset, 0)
    # Directories begin at an even offset.
    padding = len(photo) % 2
    offset = struct.pack(layout.order + layout.offset, len(photo) + padding)
    start, end = layout.first_directory, layout.first_directory + len(offset)
    content = photo[:start] + offset + photo[end:] + bytes(padding) + directory
    return Parsed(height, width, orientation_of(photo), content)


def _needed_entries(photo: bytes, layout: _Layout) -> dict[int, bytes]:
    """Returns the entries of the first directory that a decoder needs, by their tags."""
    order = layout.order
    (directory,) = struct.unpack_from(order + layout.offset, photo, layout.first_directory)
    (count,) = struct.unpack_from(order + layout.entry_count, photo, directory)
    at = directory + struct.calcsize(order + layout.entry_count)
    if at + count * layout.entry_bytes > len(photo):
        raise IncompleteError("it ends in its directory")
    if count > _MAX_ENTRIES:
        raise MalformedError(f"its directory has {count} entries, the limit is {_MAX_ENTRIES}")

    entries: dict[int, bytes] = {}
    value_bytes = struct.calcsize(order + layout.offset)
    for start in range(at, at + count * layout.entry_bytes, layout.entry_bytes):
        tag, kind, number = struct.unpack_from(f"{order}HH{layout.offset}", photo, start)
        if tag not in _NEEDED_TAGS or tag in entries:
            continue
        if kind not in _TYPE_BYTES:
            raise MalformedError(f"tag {tag} has the unknown type {kind}")
        length = number * _TYPE_BYTES[kind]
        if length > _MAX_VALUE_BYTES:
            raise MalformedError(f"tag {tag} has {length} bytes, the limit is {_MAX_VALUE_BYTES}")
        entry = photo[start : start + layout.entry_bytes]
        if length > value_bytes:
            (offset,) = struct.unpack_from(order + layout.offset, entry, len(entry) - value_bytes)
            if offset + length > len(photo):
                raise IncompleteError(f"it ends before the value of tag {tag}")
        entries[tag] = entry
    return entries


def _first_value(entry: bytes, layout: _Layout) -> int:
    """Returns the value of an entry with one whole number; 0 for other entries."""
    _, kind, count = struct.unpack_from(f"{layout.order}HH{layout.offset}", entry)
    formats = {1: "B", 3: "H", 4: "I", 16: "Q"}
    if count != 1 or kind not in formats:
        return 0
    offset = 4 + struct.calcsize(layout.order + layout.offset)
    (value,) = struct.unpack_from(layout.order + formats[kind], entry, offset)
    return int(value)
