"""Interface of a model: encoded pictures in, a mood and the probabilities out.

Its implementations are ``client.backends.saved_model`` (a pushed version),
``client.backends.checkpoint`` and ``client.backends.tf_serving`` (a model on a server). Nothing
heavy is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from dataset.boxes import PixelBox
from schemas import signatures
from schemas.documents.training import TrainedOnKind

REQUEST_TOO_LARGE = "request_too_large"
"""Status of a picture that a server refuses for its size, even alone in a request."""


@dataclass(frozen=True)
class ModelInfo:
    """Facts about a model that are known before it predicts anything.

    Attributes:
      source: the path or address that it was read from, as a user would type it.
      mood_names: in index order.
      resolution: side of the network's square input, pixels; None for a model on a server,
        which does not report it.
      trained_on: what the pictures of its training were; "" where that is not known, as of a model
        on a server.
    """

    source: str
    mood_names: tuple[str, ...]
    resolution: int | None
    trained_on: TrainedOnKind = ""


class Response(NamedTuple):
    """A model's prediction for one picture.

    Attributes:
      status: one of the ``STATUS`` constants of ``schemas.signatures``, or ``REQUEST_TOO_LARGE``.
      mood: "" unless the status is ok.
      probabilities: one for every mood, in label map order; all 0 unless the status is ok.
      unsure: whether the model says that it does not know; None where it has no threshold, as
        checkpoints and servables of before.
      box: that was used, in pixels of the picture; None unless the status is ok, and of a model
        that does not tell.
      box_source: one of ``signatures.BOX_SOURCES``; "" likewise.
      found: the locator's score, 0 to 1; None of a model that does not tell.
    """

    status: str
    mood: str
    probabilities: Mapping[str, float]
    unsure: bool | None = None
    box: PixelBox | None = None
    box_source: str = ""
    found: float | None = None


class Model(Protocol):
    """A model that predicts moods, on this machine or on a server."""

    info: ModelInfo

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """Predicts a batch and returns one response per picture, in order.

        Args:
          pictures: encoded and upright, at least one.
          boxes: one per picture, in its pixels; None lets the model find the animals, or take
            whole pictures if it has no locator.
        """


def responses_from(outputs: Mapping[str, Any]) -> list[Response]:
    """Returns the responses in a signature's outputs.

    Args:
      outputs: tensors or arrays by the names of ``schemas.signatures``.
    """
    columns = (signatures.STATUS, signatures.MOOD, signatures.MOODS, signatures.PROBABILITIES)
    arrays = [np.asarray(outputs[name]).tolist() for name in columns]
    if signatures.UNSURE in outputs:
        arrays.append(np.asarray(outputs[signatures.UNSURE]).tolist())
    else:
        arrays.append([None] * len(arrays[0]))
    responses = [
        Response(
            status.decode(),
            mood.decode(),
            dict(zip((name.decode() for name in mood_names), probabilities, strict=True)),
            unsure,
        )
        for status, mood, mood_names, probabilities, unsure in zip(*arrays, strict=True)
    ]
    if signatures.BOX_SOURCE not in outputs:  # Pushed before servables told.
        return responses
    names = (signatures.BOX, signatures.BOX_SOURCE, signatures.FOUND)
    more = zip(*(np.asarray(outputs[name]).tolist() for name in names), strict=True)
    return [
        response._replace(
            box=PixelBox(*box) if source else None, box_source=source.decode(), found=found
        )
        for response, (box, source, found) in zip(responses, more, strict=True)
    ]
