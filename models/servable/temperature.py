"""Temperature scaling: probabilities that are right as often as they say.

Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Weinberger, "On Calibration of Modern Neural Networks",
2017, section 4.2: all logits are divided by one number, the temperature, for which the negative
log-likelihood on held-out examples is lowest. No answer changes, only how sure it is.
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
from schemas import artifacts, features
from schemas.errors import ConfigError

LOWEST, HIGHEST = 0.05, 20.0
"""Between which the temperature is looked for."""

_LEAST = 1e-30  # float32 has no logarithm of a probability that is 0.

_LOGGER = logging.getLogger(__name__)

Batches = Callable[[Sequence[str]], tf.data.Dataset]


def scale(model: keras.Model, files: Sequence[str], batches: Batches, folder: str) -> float:
    """Fits the temperature on half of the clips and builds it into the network's head.

    Args:
      model: of ``network.build``; its head's weights are divided by the temperature, which
        divides its logits.
      files: the eval split's shards.
      batches: makes batches of (pixels, one-hot moods float32[n, k]) of shards, in their order.
      folder: gets ``artifacts.TEMPERATURE_JSON``.

    Returns:
      The temperature.

    Raises:
      ConfigError: none of the clips is in the half that is fitted on.
    """
    probabilities, moods = [], []
    records = tf.data.TFRecordDataset(list(files)).as_numpy_iterator()
    for pixels, one_hot in batches(files):
        fitted = np.array([is_calibration_clip(_clip(next(records))) for _ in range(len(one_hot))])
        if fitted.any():
            probabilities.append(model.predict_on_batch(pixels[fitted]))
            moods.append(one_hot.numpy()[fitted].argmax(axis=1))
    if not moods:
        raise ConfigError(
            "With evaluate.calibrate the eval split must have clips to fit the temperature on "
            "and others to judge by. Received: too few clips. Set evaluate.calibrate=false."
        )
    truth = np.concatenate(moods)
    temperature = fit(np.concatenate(probabilities), truth)
    head = model.get_layer("head")
    head.set_weights([weights / temperature for weights in head.get_weights()])
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.TEMPERATURE_JSON), "w") as file:
        file.write(json.dumps({"temperature": temperature, "rows": len(truth)}))
    _LOGGER.info("Temperature %.3f, fitted on %d examples", temperature, len(truth))
    return temperature


def fit(probabilities: npt.NDArray[np.float32], moods: npt.NDArray[np.int64]) -> float:
    """Returns the temperature, in [``LOWEST``, ``HIGHEST``].

    Args:
      probabilities: float32[n, k], the network's, whose logarithms are its logits but for a
        constant a row.
      moods: int64[n], the true indices.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    rows = np.arange(len(moods))

    def loss(log_temperature: float) -> float:
        scaled = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[rows, moods].mean())

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _clip(record: bytes) -> str:
    feature = tf.train.Example.FromString(record).features.feature[features.CLIP]
    return feature.bytes_list.value[0].decode("utf-8", "surrogateescape")
