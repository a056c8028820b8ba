"""Answers to the rows of a request, as the signatures return them."""

from typing import NamedTuple

import tensorflow as tf

from models.inputs.prepared_photo import Outcome
from schemas import signatures

NO_ANIMAL = len(Outcome)
"""What became of a photo in which the locator found nothing, beside the ``Outcome``s."""

Outputs = dict[str, tf.Tensor]
"""Tensors of ``schemas.signatures`` by name."""

STATUSES: dict[int, str] = {
    Outcome.UNREADABLE: signatures.STATUS_IMAGE_UNREADABLE,
    Outcome.BOX_OUTSIDE: signatures.STATUS_BOX_OUTSIDE_IMAGE,
    Outcome.TOO_LARGE: signatures.STATUS_IMAGE_TOO_LARGE,
    Outcome.TOO_LARGE_FOR_PARALLEL: "",  # Is decoded in the end.
    Outcome.OK: signatures.STATUS_OK,
    NO_ANIMAL: signatures.STATUS_NO_ANIMAL,
}
"""The status of each outcome."""


class Answered(NamedTuple):
    """Answers to some rows.

    Attributes:
      probabilities: float32[n, k], zeros where the outcome is not ``Outcome.OK``.
      outcomes: int32[n], an ``Outcome`` or ``NO_ANIMAL``.
      boxes: int64[n, 4], (y, x, height, width) in pixels of the upright photo; zeros likewise.
      scores: float32[n], of the locator; 0 without one.
    """

    probabilities: tf.Tensor
    outcomes: tf.Tensor
    boxes: tf.Tensor
    scores: tf.Tensor
