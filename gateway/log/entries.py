"""What the gateway tells the log of a request, as bytes on a pipe.

An entry is four bytes of length (big endian), a JSON document of that length, and the photos one
after the other. The log is another process: measuring photos and waiting for a disk never delay
an answer there.
"""

import struct
from collections.abc import Sequence
from typing import IO, Any, TypedDict

import orjson

_LENGTH = struct.Struct(">I")
_MAX_DOCUMENT = 64 << 20


class Entry(TypedDict):
    """A request.

    Attributes:
      time: when it came, seconds since 1970.
      request_id: see ``schemas.request_log.REQUEST``.
      route: the same.
      model: its name.
      version: that answered; None where none did.
      signature: "" where no model was asked.
      seconds: from the request's header to its answer.
      rows: of the answer, by output; of a refused photo its ``status`` alone.
      boxes: the box of each row, or None.
      photo_bytes: length of each row's photo; None where it has none.
    """

    time: float
    request_id: str
    route: str
    model: str
    version: int | None
    signature: str
    seconds: float
    rows: Sequence[Any]
    boxes: Sequence[Sequence[int] | None]
    photo_bytes: Sequence[int | None]


def encoded(entry: Entry, photos: Sequence[bytes]) -> bytes:
    """Returns an entry for the pipe; ``photos`` are those that have a length in it."""
    document = orjson.dumps(entry)
    return b"".join((_LENGTH.pack(len(document)), document, *photos))


def read_entry(pipe: IO[bytes]) -> tuple[Entry, list[bytes | None]] | None:
    """Returns the next entry and each row's photo; None at the end, also at one within an entry.

    Raises:
      ValueError: what comes is no entry.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > _MAX_DOCUMENT:
        raise ValueError(f"an entry of {length} bytes")
    document = pipe.read(length)
    if len(document) < length:
        return None
    entry: Entry = orjson.loads(document)
    photos: list[bytes | None] = []
    for size in entry["photo_bytes"]:
        photo = None if size is None else pipe.read(size)
        if photo is not None and len(photo) != size:
            return None
        photos.append(photo)
    return entry, photos
