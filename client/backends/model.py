"""What the command asks: anything that knows moods and answers pictures with probabilities.

A pushed version is in ``client.backends.saved_model``, a checkpoint in
``client.backends.checkpoint`` and a model on a server in ``client.backends.tf_serving``. Nothing
heavy is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from dataset.boxes import PixelBox
from schemas import signatures

REQUEST_TOO_LARGE = "request_too_large"
"""Status of a picture that a server does not take even alone."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model without asking it.

    Attributes:
      source: where it was read from, as one would type it.
      moods: names in index order.
      resolution: side of the square that the network sees, pixels; None where a server does
        not say.
    """

    source: str
    moods: tuple[str, ...]
    resolution: int | None


class Response(NamedTuple):
    """The model's answer to one picture.

    Attributes:
      status: one of the ``STATUS`` words of ``schemas.signatures``, or ``REQUEST_TOO_LARGE``.
      mood: "" unless the status is ok.
      probabilities: of every mood, in label map order; all 0 unless the status is ok.
    """

    status: str
    mood: str
    probabilities: Mapping[str, float]


class Model(Protocol):
    """A model that can be asked, wherever it runs."""

    info: ModelInfo

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """Answers a batch, one reply a picture, in order.

        Args:
          pictures: encoded and upright, at least one.
          boxes: one a picture, in its pixels; None shows the model whole pictures.
        """


def responses_from(outputs: Mapping[str, Any]) -> list[Response]:
    """Returns what a signature's outputs say, the tensors or arrays of ``schemas.signatures``."""
    columns = (signatures.STATUS, signatures.MOOD, signatures.MOODS, signatures.PROBABILITIES)
    rows = zip(*(np.asarray(outputs[name]).tolist() for name in columns), strict=True)
    return [
        Response(
            status.decode(),
            mood.decode(),
            dict(zip((name.decode() for name in moods), probabilities, strict=True)),
        )
        for status, mood, moods, probabilities in rows
    ]
