"""From inputs to rows: read, made fit, asked in batches. A bad file costs its row.

While the model works on a batch, the files of the next are read.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from client.backends.model import REQUEST_TOO_LARGE, Model, Response
from client.predict import pictures
from client.predict.pictures import Picture
from client.predict.prediction_inputs import Input
from client.predict.predictions import ANSWER_NOT_FINITE, FailedPrediction, Outcome, Prediction
from dataset.boxes import BoxError, PixelBox, check_box
from dataset.decoding import PhotoError
from dataset.photo import read_photo
from schemas import signatures

BATCH = 32
"""Pictures asked at a time unless told otherwise; the files of two batches are in memory."""

_READERS = 4
"""Threads that read files. Most of it is waiting for disks, and turning photos, which Pillow
does beside other threads."""


class _Ready(NamedTuple):
    """An input that can be asked about: the file's bytes, and what the model gets."""

    photo: bytes
    picture: Picture
    box: PixelBox | None


def predict_all(
    model: Model, inputs: Iterable[Input], batch: int = BATCH
) -> Generator[list[Outcome], None, None]:
    """Yields the rows of the inputs in order, a batch at a time.

    Args:
      model: asked.
      inputs: taken one batch before they are answered.
      batch: pictures asked at a time, at least 1.
    """
    source = iter(inputs)
    pool = ThreadPoolExecutor(_READERS, "reader")
    waiting = deque[tuple[list[Input], list[Future[_Ready | FailedPrediction]]]]()
    try:
        while some := list(islice(source, batch)):
            waiting.append((some, [pool.submit(_prepared, one) for one in some]))
            if len(waiting) > 1:
                yield _predict_waiting(model, *waiting.popleft())
        while waiting:
            yield _predict_waiting(model, *waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def predict_one(model: Model, name: str, photo: bytes, box: PixelBox | None) -> Outcome:
    """Returns the row of a photo that is at hand: a file's bytes in any format Pillow knows."""
    one = Input(name, name, box)
    (row,) = _predict_batch(model, [one], [_prepared(one, lambda _: photo)])
    return row


def _predict_waiting(
    model: Model, inputs: Sequence[Input], futures: Sequence[Future[_Ready | FailedPrediction]]
) -> list[Outcome]:
    return _predict_batch(model, inputs, [future.result() for future in futures])


def _prepared(one: Input, read: Callable[[str], bytes] = read_photo) -> _Ready | FailedPrediction:
    if one.fault is not None:
        return FailedPrediction(one.image, *one.fault)
    try:
        photo = read(one.path)
        picture = pictures.upright(photo)
        if one.box is not None:
            # The ingest's limit for small boxes is a rule for training: any size is answered.
            check_box(one.box, picture.height, picture.width, min_side=1)
    except (PhotoError, BoxError) as error:
        return FailedPrediction(one.image, error.reason.value, str(error))
    return _Ready(photo, picture, one.box)


def _predict_batch(
    model: Model, inputs: Sequence[Input], ready: Sequence[_Ready | FailedPrediction]
) -> list[Outcome]:
    prepared = dict(enumerate(ready))
    rows: dict[int, Outcome] = {
        at: one for at, one in prepared.items() if isinstance(one, FailedPrediction)
    }
    fit = {at: one for at, one in prepared.items() if isinstance(one, _Ready)}
    responses = _predict(model, fit)
    again: dict[int, _Ready] = {}
    for at, response in responses.items():
        # What TensorFlow cannot read is broken, or of a kind that Pillow alone knows.
        if response.status == signatures.STATUS_IMAGE_UNREADABLE:
            try:
                again[at] = fit[at]._replace(picture=pictures.encoded_again(fit[at].photo))
            except PhotoError as error:
                rows[at] = FailedPrediction(inputs[at].image, error.reason.value, str(error))
    responses |= _predict(model, again)
    return [rows.get(at) or _row(one.image, responses[at]) for at, one in enumerate(inputs)]


def _predict(model: Model, fit: Mapping[int, _Ready]) -> dict[int, Response]:
    if not fit:
        return {}
    boxes = None
    if any(one.box is not None for one in fit.values()):
        # A model takes a box for every picture or for none.
        boxes = [
            one.box or PixelBox(0, 0, one.picture.height, one.picture.width) for one in fit.values()
        ]
    responses = model.predict([one.picture.encoded for one in fit.values()], boxes)
    return dict(zip(fit, responses, strict=True))


def _row(name: str, response: Response) -> Outcome:
    if response.status == REQUEST_TOO_LARGE:
        return FailedPrediction(
            name, response.status, "the server does not take it even alone: make it smaller"
        )
    if response.status != signatures.STATUS_OK:
        return FailedPrediction(name, response.status, "the model cannot use what Pillow can")
    if not all(math.isfinite(value) for value in response.probabilities.values()):
        return FailedPrediction(
            name, ANSWER_NOT_FINITE, "the model's weights are spoilt: use another"
        )
    return Prediction(name, response.mood, response.probabilities)
