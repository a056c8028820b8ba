"""Predicts inputs in batches. An unreadable file becomes a row with an error.

While the model works on a batch, the files of the next one are read.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from client.backends.model import REQUEST_TOO_LARGE, Model, Response
from client.predict import pictures
from client.predict.pictures import Picture
from client.predict.prediction_inputs import PredictionInput
from client.predict.predictions import ANSWER_NOT_FINITE, FailedPrediction, Outcome, Prediction
from dataset.boxes import PixelBox, placed
from dataset.photos.files import read_photo
from dataset.photos.parsed import PhotoError
from schemas import signatures
from schemas.reasons import RejectReason

_LOGGER = logging.getLogger(__name__)

BATCH_SIZE = 32
"""Default number of pictures in a batch; the files of two batches are in memory."""

_READERS = 4
"""Threads that read files. They mostly wait for disks and turn photos, during which Pillow lets
other threads run."""


class _Prepared(NamedTuple):
    """An input that can be predicted: the file's bytes, and the model's inputs."""

    photo: bytes
    picture: Picture
    box: PixelBox | None


def predict_all(
    model: Model, inputs: Iterable[PredictionInput], batch_size: int = BATCH_SIZE
) -> Generator[list[Outcome], None, None]:
    """Yields the outcomes of the inputs in order, a batch at a time.

    Example:
      >>> from pathlib import Path
      >>> from client.backends.model_source import ModelFlags, find_model_source
      >>> from client.predict.folders import find_pictures
      >>> from client.predict.prediction_inputs import inputs_from_paths
      >>> from client.predict.predictions import json_line
      >>> source = find_model_source(ModelFlags(Path("build/run/serving/pet_mood")))
      >>> model = source.load()
      >>> for batch in predict_all(model, inputs_from_paths(find_pictures(["photos/"]))):
      ...     for outcome in batch:
      ...         print(json_line(outcome))
      {"image": "photos/cat.jpg", "mood": "행복/즐거움", "mood_id": "happy", "unsure": false, ...}

    Args:
      model: predicts.
      inputs: may be lazy; they are taken one batch ahead of the model.
      batch_size: pictures in a batch, at least 1.
    """
    remaining = iter(inputs)
    pool = ThreadPoolExecutor(_READERS, "reader")
    queue = deque[tuple[list[PredictionInput], list[Future[_Prepared | FailedPrediction]]]]()
    try:
        while batch := list(islice(remaining, batch_size)):
            queue.append((batch, [pool.submit(_prepare, one) for one in batch]))
            if len(queue) > 1:
                yield _predict_queued(model, *queue.popleft())
        while queue:
            yield _predict_queued(model, *queue.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def predict_one(model: Model, name: str, photo: bytes, box: PixelBox | None) -> Outcome:
    """Returns the outcome of a photo that is in memory.

    Example:
      >>> from pathlib import Path
      >>> from client.backends.model_source import ModelFlags, find_model_source
      >>> from dataset.boxes import PixelBox
      >>> source = find_model_source(ModelFlags(Path("build/run/serving/pet_mood")))
      >>> model = source.load()
      >>> box = PixelBox(y=80, x=60, height=420, width=420)
      >>> outcome = predict_one(model, "cat.jpg", Path("cat.jpg").read_bytes(), box)
      >>> outcome.mood
      '행복/즐거움'
      >>> outcome.probabilities["행복/즐거움"]
      0.9134

    Args:
      model: predicts.
      name: of the photo, for the outcome.
      photo: a file's bytes, in one of ``dataset.photos.opening.FORMATS``.
      box: around the animal, in pixels of the upright photo; None lets the model find the animal.
        A model without a locator then takes the whole photo, which it was not trained on.

    Returns:
      A ``Prediction``, or a ``FailedPrediction`` if the photo or the box cannot be used.
    """
    one = PredictionInput(name, name, box)
    (outcome,) = _predict_batch(model, [one], [_prepare(one, lambda _: photo)])
    return outcome


def _predict_queued(
    model: Model,
    batch: Sequence[PredictionInput],
    futures: Sequence[Future[_Prepared | FailedPrediction]],
) -> list[Outcome]:
    return _predict_batch(model, batch, [future.result() for future in futures])


def _read(path: str) -> bytes:
    return read_photo("", path)


def _prepare(
    one: PredictionInput, read: Callable[[str], bytes] = _read
) -> _Prepared | FailedPrediction:
    if one.fault is not None:
        return FailedPrediction(one.image, *one.fault)
    try:
        photo = read(one.path)
        picture = pictures.upright_picture(photo)
    except PhotoError as error:
        return FailedPrediction(one.image, error.reason.value, str(error))
    except Exception as error:
        # The last net: a file must not end a labelling of a million others.
        _LOGGER.exception("%r", one.image)
        return FailedPrediction(
            one.image, RejectReason.UNEXPECTED_ERROR.value, f"{type(error).__name__}: {error}"
        )
    return _Prepared(photo, picture, one.box)


def _predict_batch(
    model: Model,
    batch: Sequence[PredictionInput],
    prepared: Sequence[_Prepared | FailedPrediction],
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {
        index: one for index, one in enumerate(prepared) if isinstance(one, FailedPrediction)
    }
    usable = {index: one for index, one in enumerate(prepared) if isinstance(one, _Prepared)}
    responses = _predict_usable(model, usable)

    # TensorFlow cannot read broken files and some kinds that Pillow can: these are encoded again.
    second_try: dict[int, _Prepared] = {}
    for index, response in responses.items():
        if response.status == signatures.STATUS_IMAGE_UNREADABLE:
            try:
                picture = pictures.reencoded_picture(usable[index].photo)
                second_try[index] = usable[index]._replace(picture=picture)
            except PhotoError as error:
                outcomes[index] = FailedPrediction(
                    batch[index].image, error.reason.value, str(error)
                )
    responses |= _predict_usable(model, second_try)

    return [
        outcomes.get(index) or _outcome(one.image, usable[index], responses[index])
        for index, one in enumerate(batch)
    ]


def _predict_usable(model: Model, usable: Mapping[int, _Prepared]) -> dict[int, Response]:
    """Returns the model's responses by the index of the input in its batch."""
    # A model takes a box for every picture or for none.
    boxed = {index: one.box for index, one in usable.items() if one.box is not None}
    others = [index for index in usable if index not in boxed]
    responses: dict[int, Response] = {}
    for indices, boxes in ((others, None), ([*boxed], [*boxed.values()])):
        if indices:
            photos = [usable[index].picture.encoded for index in indices]
            responses.update(zip(indices, model.predict(photos, boxes), strict=True))
    return responses


def _outcome(image: str, asked: _Prepared, response: Response) -> Outcome:
    if response.status == REQUEST_TOO_LARGE:
        return FailedPrediction(
            image,
            response.status,
            "the server refuses it even alone in a request: make the picture smaller",
        )
    if response.status == signatures.STATUS_BOX_OUTSIDE_IMAGE and asked.box is not None:
        # The model decides, as each knows what it was trained on.
        where = placed(asked.box, asked.picture.height, asked.picture.width)
        return FailedPrediction(
            image,
            response.status,
            f"the box reaches further past the image than the model allows. Received: {where}",
        )
    if response.status == signatures.STATUS_NO_ANIMAL:
        score = "" if response.found is None else f" (score {response.found:.2f})"
        return FailedPrediction(
            image, response.status, f"the model finds no animal{score}: give a box around it"
        )
    if response.status != signatures.STATUS_OK:
        return FailedPrediction(
            image,
            response.status,
            "the model cannot use this picture, though Pillow can: save it as JPEG",
        )
    if not all(math.isfinite(value) for value in response.probabilities.values()):
        return FailedPrediction(
            image,
            ANSWER_NOT_FINITE,
            "a probability is NaN or infinite, as the model's weights are corrupted: use another "
            "model",
        )
    # A model that does not tell takes a picture without a box as a whole.
    whole = PixelBox(0, 0, asked.picture.height, asked.picture.width)
    asked_source = signatures.BOX_WHOLE if asked.box is None else signatures.BOX_GIVEN
    return Prediction(
        image,
        response.mood,
        response.probabilities,
        response.unsure,
        response.box or asked.box or whole,
        response.box_source or asked_source,
        response.found,
    )
