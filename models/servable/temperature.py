"""Temperature scaling: it makes the probabilities equal to the shares of right predictions.

Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Weinberger, "On Calibration of Modern Neural Networks",
2017, section 4.2: all logits are divided by one number, the temperature, for which the negative
log-likelihood on held-out examples is lowest. No predicted mood changes, only its probability.
"""

import json
import logging
import os
from collections.abc import Callable, Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy import optimize, special

from dataset.calibration_split import is_calibration_clip
from models.inputs.records import ordered
from schemas import artifacts, features
from schemas.documents.training import Temperature
from schemas.errors import ConfigError

LOWEST, HIGHEST = 0.05, 20.0
"""Range of the temperature."""

_EPSILON = 1e-30
"""Lowest probability: 0 has no logarithm."""

_LOGGER = logging.getLogger(__name__)

Batches = Callable[[Sequence[str]], tf.data.Dataset]
"""Returns the batches (pixels, one-hot labels float32[n, k]) of shards, in the order of
``records.ordered``."""


def scale(
    model: keras.Model, files: Sequence[str], batches: Batches, folder: str, *, judges: bool
) -> float:
    """Fits the temperature on held-out clips and builds it into the network's head.

    Args:
      model: of ``classifier.build``. Its head's weights are divided by the temperature, and so
        are its logits.
      files: shards of the split that the model is chosen on.
      batches: see ``Batches``.
      folder: gets ``artifacts.TEMPERATURE_JSON``.
      judges: whether this split judges the model as well. Then half of its clips are fitted on,
        and the Evaluator scores the other half; otherwise all are.

    Returns:
      The temperature.

    Raises:
      ConfigError: if no clip is in the half that the temperature is fitted on.
    """
    # Predict the clips to fit on.
    batch_probabilities, batch_label_indices = [], []
    records = ordered(files).as_numpy_iterator()
    for pixels, labels in batches(files):
        clips = [_clip(next(records)) for _ in range(len(labels))]
        to_fit = np.array([not judges or is_calibration_clip(clip) for clip in clips])
        if to_fit.any():
            batch_probabilities.append(model.predict_on_batch(pixels[to_fit]))
            batch_label_indices.append(labels.numpy()[to_fit].argmax(axis=1))
    if not batch_label_indices:
        raise ConfigError(
            "With evaluate.calibrate the eval split must have clips to fit the temperature on "
            "and others to evaluate on. Received: too few clips. Set evaluate.calibrate=false, or "
            "make a validation split, on which it is then fitted (data.validation_fraction)."
        )

    # Fit, and change the head.
    label_indices = np.concatenate(batch_label_indices)
    temperature = fit(np.concatenate(batch_probabilities), label_indices)
    head = model.get_layer("head")
    head.set_weights([weights / temperature for weights in head.get_weights()])

    # Write down.
    document = Temperature(temperature=temperature, rows=len(label_indices))
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.TEMPERATURE_JSON), "w") as file:
        file.write(json.dumps(document))
    _LOGGER.info("Temperature %.3f, fitted on %d examples", temperature, len(label_indices))
    return temperature


def fit(probabilities: npt.NDArray[np.float32], label_indices: npt.NDArray[np.int64]) -> float:
    """Returns the temperature, in [``LOWEST``, ``HIGHEST``].

    Args:
      probabilities: float32[n, k], of the network. Their logarithms are its logits, except for a
        constant for each row.
      label_indices: int64[n], of the true moods.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _EPSILON))
    rows = np.arange(len(label_indices))

    def loss(log_temperature: float) -> float:
        log_probabilities = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-log_probabilities[rows, label_indices].mean())

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _clip(record: bytes) -> str:
    feature = tf.train.Example.FromString(record).features.feature[features.CLIP]
    return feature.bytes_list.value[0].decode("utf-8", "surrogateescape")
