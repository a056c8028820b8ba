"""Single records of a TFRecord file, checked by their checksums.

The form of the file is that of TensorFlow's ``core/lib/io/record_writer.h``: a record's length (8
bytes), a checksum of the length (4), the record, and its checksum (4).
"""

import google_crc32c

_HEADER = 12
_MASK_DELTA = 0xA282EAD8
"""Checksums are stored rotated by 15 bits and with this added (``core/lib/hash/crc32c.h``)."""


def unframed(framed: bytes, size: int) -> bytes | None:
    """Returns a record without its length and checksums; None if it is damaged or cut short.

    Args:
      framed: the file's bytes from the record's length to its checksum.
      size: length that the record must have, bytes.
    """
    record = framed[_HEADER:-4]
    if (
        len(record) != size
        or int.from_bytes(framed[:8], "little") != size
        or int.from_bytes(framed[-4:], "little") != _masked(google_crc32c.value(record))
    ):
        return None
    return record


def _masked(checksum: int) -> int:
    rotated = (checksum >> 15) | (checksum << 17)
    return (rotated + _MASK_DELTA) & 0xFFFFFFFF
