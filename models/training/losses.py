"""Loss: cross-entropy with smoothed labels, and the methods against rare moods."""

import logging
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from models.settings.training import TrainSettings
from models.settings.training_choices import CLASS_WEIGHTS, FOCAL, LOGIT_ADJUSTMENT

_LOGGER = logging.getLogger(__name__)

_EPSILON = 1e-30
"""Below any useful output of a float32 softmax; its logarithm and reciprocal are still finite."""


def loss_for(settings: TrainSettings, counts: Sequence[int]) -> keras.losses.Loss:
    """Returns the loss between one-hot (or mixed) labels and probabilities, both float32[n, k].

    Args:
      settings: the method and its parameters.
      counts: examples of each mood in the training split.
    """
    smoothing = settings.label_smoothing
    if settings.imbalance == LOGIT_ADJUSTMENT:
        return LogitAdjusted(counts, settings.logit_adjustment_tau, smoothing)
    if settings.imbalance == FOCAL:
        # alpha would weight the moods; that is the method of class weights, and one is enough.
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=settings.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


class LogitAdjusted(keras.losses.Loss):
    """Cross-entropy of ``softmax(logits + tau * log(prior))``.

    The logarithm lowers a rare mood's logit, and the network learns to raise it by as much. So the
    plain softmax, which is served, favours no mood. Aditya Krishna Menon et al.,
    "Long-tail learning via logit adjustment" (2021), https://arxiv.org/abs/2007.07314, eq. 10.

    The network's outputs are probabilities p. ``log(p)`` is the logits less a number that is the
    same for all moods, so the addition gives the same softmax as with the logits.
    """

    def __init__(self, counts: Sequence[int], tau: float, label_smoothing: float) -> None:
        """Creates the loss.

        Args:
          counts: examples of each mood, for the prior. A mood without examples counts as if it
            had one.
          tau: factor of the logarithm.
          label_smoothing: share of each label that is spread over all moods.
        """
        super().__init__(name="logit_adjusted")
        positive_counts = np.maximum(np.asarray(counts, np.float32), 1)
        self._shift = np.float32(tau) * np.log(positive_counts / positive_counts.sum())
        self._smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns float32[n]."""
        logits = keras.ops.log(keras.ops.maximum(y_pred, _EPSILON)) + self._shift
        return keras.losses.categorical_crossentropy(
            y_true, logits, from_logits=True, label_smoothing=self._smoothing
        )


def class_weights(
    settings: TrainSettings, counts: Sequence[int], mood_names: Sequence[str]
) -> list[float]:
    """Returns each mood's weight under the settings, in label map order.

    Args:
      settings: with another method than class weights, all weights are 1.
      counts: examples of each mood in the training split.
      mood_names: in index order.
    """
    if settings.imbalance != CLASS_WEIGHTS:
        return [1.0] * len(counts)
    weights = balanced_weights(
        counts, mood_names, settings.class_weight_cap, settings.class_weight_power
    )
    present = [count for count in counts if count]
    _LOGGER.info(
        "The commonest mood has %.3g times the examples of the rarest. Class weights: %s",
        max(present) / min(present),
        ", ".join(f"{name} {each:.2f}" for name, each in zip(mood_names, weights, strict=True)),
    )
    return weights


def balanced_weights(
    counts: Sequence[int], mood_names: Sequence[str], cap: float, power: float = 1.0
) -> list[float]:
    """Returns ``min(cap, (n / (k * count)) ** power)`` for each mood, at the loss's own scale.

    n is the number of examples and k the number of moods that have any. Below the cap the
    examples of each mood have the same sum of weights. A mood without examples gets 0 and a
    warning, because nothing can be learnt about it. Where nothing is capped, the weights
    average 1 over the examples, so the loss keeps its scale. Gary King and Langche Zeng,
    "Logistic Regression in Rare Events Data" (2001), as in scikit-learn's
    ``class_weight="balanced"``. The reason for the cap: AI Hub's rarest mood would have a weight
    of 74, and a batch's gradient would be that of one picture.

    A power below 1 tempers the weights: at 0.5 they are the square roots, times a factor with
    which they average 1 over the examples again.

    Args:
      counts: examples of each mood in the training split, at least one above 0.
      mood_names: in index order, for the warning.
      cap: highest weight, >= 1.
      power: in [0, 1].
    """
    num_present = sum(count > 0 for count in counts)
    absent = [name for name, count in zip(mood_names, counts, strict=True) if count == 0]
    if absent:
        _LOGGER.warning(
            "The training split has no example of %s: class weight 0", ", ".join(absent)
        )
    total = sum(counts)
    weights = [(total / (num_present * count)) ** power if count else 0.0 for count in counts]
    mean = sum(weight * count for weight, count in zip(weights, counts, strict=True)) / total
    return [min(cap, weight / mean) for weight in weights]
