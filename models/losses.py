"""The loss: cross-entropy with smoothed labels, and what is done in it about rare moods.

Class weights are not here: they come with the examples (``models.class_weights``).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from models.hparams import FOCAL, LOGIT_ADJUSTMENT, TrainSettings

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
