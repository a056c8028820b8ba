"""From pictures' names to rows: read, made fit, asked in batches. A bad file costs its row."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from client import pictures
from client.answers import ANSWER_NOT_FINITE, Row, Told, Untold
from client.model import REQUEST_TOO_LARGE, Model, Reply
from client.pictures import Picture
from dataset.boxes import BoxError, PixelBox, check_box
from dataset.decoding import PictureError
from dataset.picture import read_photo
from schemas import signatures

BATCH = 32
"""Pictures asked at a time unless told otherwise; their files are held in memory."""

T = TypeVar("T")


def answer_all(
    model: Model, names: Sequence[str], box: PixelBox | None, batch: int = BATCH
) -> Iterator[list[Row]]:
    """Yields the rows of the pictures in order, a batch at a time.

    Args:
      model: asked.
      names: of files, all different.
      box: in pixels of every upright picture; None asks about whole pictures.
      batch: pictures asked at a time, at least 1.
    """
    for start in range(0, len(names), batch):
        yield _answer_batch(model, names[start : start + batch], box, read_photo)


def answer_one(model: Model, name: str, photo: bytes, box: PixelBox | None) -> Row:
    """Returns the row of a photo that is at hand: a file's bytes in any format Pillow knows."""
    (row,) = _answer_batch(model, [name], box, lambda _: photo)
    return row


def _answer_batch(
    model: Model, names: Sequence[str], box: PixelBox | None, read: Callable[[str], bytes]
) -> list[Row]:
    failed: dict[str, Row] = {}
    photos = _made(names, read, failed)
    fit = _made(photos, lambda name: _fit(photos[name], box), failed)
    replies = _ask(model, fit, box)
    # What TensorFlow cannot read is broken, or of a kind that Pillow alone knows.
    unreadable = [
        name
        for name, reply in replies.items()
        if reply.status == signatures.STATUS_IMAGE_UNREADABLE
    ]
    again = _made(unreadable, lambda name: pictures.encoded_again(photos[name]), failed)
    replies |= _ask(model, again, box)
    return [failed.get(name) or _row(name, replies[name]) for name in names]


def _made(names: Iterable[str], make: Callable[[str], T], failed: dict[str, Row]) -> dict[str, T]:
    """Makes something of each name; where that fails, ``failed`` gets the row."""
    made: dict[str, T] = {}
    for name in names:
        try:
            made[name] = make(name)
        except (PictureError, BoxError) as error:
            failed[name] = Untold(name, error.reason.value, str(error))
    return made


def _fit(photo: bytes, box: PixelBox | None) -> Picture:
    picture = pictures.upright(photo)
    if box is not None:
        # The ingest's limit for small boxes is a rule for training: any size is answered.
        check_box(box, picture.height, picture.width, min_side=1)
    return picture


def _ask(model: Model, fit: Mapping[str, Picture], box: PixelBox | None) -> dict[str, Reply]:
    if not fit:
        return {}
    boxes = None if box is None else [box] * len(fit)
    replies = model.ask([picture.encoded for picture in fit.values()], boxes)
    return dict(zip(fit, replies, strict=True))


def _row(name: str, reply: Reply) -> Row:
    if reply.status == REQUEST_TOO_LARGE:
        return Untold(name, reply.status, "the server does not take it even alone: make it smaller")
    if reply.status != signatures.STATUS_OK:
        return Untold(name, reply.status, "the model cannot use what Pillow can")
    if not all(math.isfinite(value) for value in reply.probabilities.values()):
        return Untold(name, ANSWER_NOT_FINITE, "the model's weights are spoilt: use another")
    return Told(name, reply.mood, reply.probabilities)
