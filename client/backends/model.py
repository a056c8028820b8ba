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
    """

    status: str
    mood: str
    probabilities: Mapping[str, float]
    unsure: bool | None = None


class Model(Protocol):
    """A model that predicts moods, on this machine or on a server."""

    info: ModelInfo

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """Predicts a batch and returns one response per picture, in order.

        Args:
          pictures: encoded and upright, at least one.
          boxes: one per picture, in its pixels; None means whole pictures.
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
    return [
        Response(
            status.decode(),
            mood.decode(),
            dict(zip((name.decode() for name in mood_names), probabilities, strict=True)),
            unsure,
        )
        for status, mood, mood_names, probabilities, unsure in zip(*arrays, strict=True)
    ]
