"""The loss: cross-entropy with smoothed labels; and what is done about rare moods."""

import logging
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from models.settings import CLASS_WEIGHTS, FOCAL, LOGIT_ADJUSTMENT, TrainSettings

_LOGGER = logging.getLogger(__name__)

_SMALLEST = 1e-30
"""Far below what a softmax of float32 gives for a mood that is not lost for ever, and still a
number whose logarithm and reciprocal are."""


def loss_for(settings: TrainSettings, counts: Sequence[int]) -> keras.losses.Loss:
    """Returns the loss between one-hot (or mixed) moods and probabilities, both float32[n, k].

    Args:
      settings: which, and its numbers.
      counts: examples of each mood in the training split.
    """
    smoothing = settings.label_smoothing
    if settings.imbalance == LOGIT_ADJUSTMENT:
        return LogitAdjusted(counts, settings.logit_adjustment_tau, smoothing)
    if settings.imbalance == FOCAL:
        # alpha, which weighs moods, is left to class weights: one method at a time.
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=settings.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


class LogitAdjusted(keras.losses.Loss):
    """Cross-entropy of ``softmax(logits + tau * log(prior))``.

    The network must raise a rare mood's logit above what its rarity takes off, so that its
    plain softmax, which is what is served, favours no mood. Aditya Krishna Menon et al.,
    "Long-tail learning via logit adjustment" (2021), https://arxiv.org/abs/2007.07314, eq. 10.

    The network answers probabilities p. Adding to ``log(p)``, which is the logits less a
    number that is the same for all moods, gives the same softmax as adding to the logits.
    """

    def __init__(self, counts: Sequence[int], tau: float, label_smoothing: float) -> None:
        """Takes the prior from ``counts``; a mood without examples counts as if it had one."""
        super().__init__(name="logit_adjusted")
        seen = np.maximum(np.asarray(counts, np.float32), 1)
        self._shift = np.float32(tau) * np.log(seen / seen.sum())
        self._smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns float32[n]."""
        logits = keras.ops.log(keras.ops.maximum(y_pred, _SMALLEST)) + self._shift
        return keras.losses.categorical_crossentropy(
            y_true, logits, from_logits=True, label_smoothing=self._smoothing
        )


def class_weights(
    settings: TrainSettings, counts: Sequence[int], moods: Sequence[str]
) -> list[float]:
    """Returns each mood's weight under the settings: all 1 where another method is chosen."""
    if settings.imbalance != CLASS_WEIGHTS:
        return [1.0] * len(counts)
    return balanced_weights(counts, moods, settings.class_weight_cap)


def balanced_weights(counts: Sequence[int], moods: Sequence[str], cap: float) -> list[float]:
    """Returns ``min(cap, n / (k * count))`` for each mood: below the cap all weigh alike in sum.

    n is the number of examples and k the number of moods that have any; a mood that has none
    gets 0 and a warning, for nothing can be learnt of it. Where nothing is capped, the weights
    average 1 over the examples, so the loss keeps its scale. Gary King and Langche Zeng,
    "Logistic Regression in Rare Events Data" (2001), as in scikit-learn's
    ``class_weight="balanced"``. The cap is there because a mood that weighs 74, as AI Hub's
    rarest would, makes the gradient of a batch that of one picture.

    Args:
      counts: examples of each mood in the training split, at least one above 0.
      moods: their names, for the warning.
      cap: the highest weight, >= 1.
    """
    present = sum(count > 0 for count in counts)
    absent = [mood for mood, count in zip(moods, counts, strict=True) if count == 0]
    if absent:
        _LOGGER.warning(
            "The training split has no example of %s: class weight 0", ", ".join(absent)
        )
    total = sum(counts)
    return [min(cap, total / (present * count)) if count else 0.0 for count in counts]
