"""Parses the beginning of an AVIF or HEIC file: its brands.

Formats: ISO/IEC 14496-12, sections 4.2 and 4.3 (boxes, brands); ISO/IEC 23008-12, section 8
(item types); AV1 Image File Format 1.1, section 6.
"""

import re

from dataset.photos.parsed import UPRIGHT, MalformedError, Parsed

_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_MAX_FILE_TYPE_BYTES = 4096
_MAX_EXIF_ITEMS = 100
"""A photo has one."""
_EXIF_ITEM = re.compile(rb"(infe\x02...[\s\S]{4})Exif", re.DOTALL)
"""Entry of an item of EXIF in the table of items. The pattern has the version 2 of the box, its
flags, the item's number and its protection."""


def format_of(photo: bytes) -> str | None:
    """Returns "AVIF" or "HEIC" by the brands of the file type box; None for all other files."""
    if photo[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(photo[:4], "big"), _MAX_FILE_TYPE_BYTES, len(photo))
    # The first is the major brand, the second its version, the others are compatible brands.
    brands = [photo[at : at + 4] for at in range(8, length - 3, 4)]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIC_BRANDS:
            return "HEIC"
    # The brands mif1 and msf1 alone name the container and no compression.
    return "HEIC" if brands and brands[0] in (b"mif1", b"msf1") else None


def parse_avif(photo: bytes) -> Parsed:
    """Returns the properties of an AVIF; its decoder finds the size without decoding.

    The container's own rotation counts, and its EXIF does not, as in Chromium. So the item of EXIF
    gets a type that no reader knows.
    """
    if format_of(photo) != "AVIF":
        raise MalformedError("it does not begin like an AVIF")
    return Parsed(None, None, UPRIGHT, _EXIF_ITEM.sub(rb"\1free", photo, _MAX_EXIF_ITEMS))
