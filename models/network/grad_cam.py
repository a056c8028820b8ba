"""Where in a picture the network found a mood.

Grad-CAM: Ramprasaath R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", https://arxiv.org/abs/1610.02391, section 3. The gradient is that
of the logarithm of the probability, which unlike the probability's does not vanish where the
network is sure.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs.preprocessing import PICTURE_SPEC, preprocess
from schemas import features

_POOLING = "head_pool"


def views(records: Sequence[bytes], resolution: int) -> npt.NDArray[np.uint8]:
    """Returns what the network sees of serialized Examples.

    Args:
      records: as PetExampleGen writes them, at least one.
      resolution: side, pixels.

    Returns:
      uint8[n, resolution, resolution, 3] in 0..255.
    """
    seen = []
    for record in records:
        parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
        choose = functools.partial(_same, parsed[features.WINDOW])
        seen.append(preprocess(parsed[features.IMAGE], choose, resolution).pixels.numpy())
    return np.stack(seen)


def _same(window: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return window


def heat_maps(
    model: keras.Model, pixels: npt.NDArray[np.uint8], moods: Sequence[int]
) -> npt.NDArray[np.float32]:
    """Returns how much each place spoke for a mood.

    Args:
      model: of ``models.network.classifier``, uint8[n, resolution, resolution, 3] to probabilities.
      pixels: that many pictures.
      moods: index of the mood asked about, one a picture.

    Returns:
      float32[n, h, w] in 0..1, the largest of each picture being 1; all 0 where no place
      spoke for the mood. h and w are those of the last convolution, 1/32 of the resolution.
    """
    both = keras.Model(model.inputs, [model.get_layer(_POOLING).input, model.outputs[0]])
    shown = tf.cast(pixels, tf.float32)
    with tf.GradientTape() as tape:
        # A frozen network has no variables that are watched by themselves.
        tape.watch(shown)
        found, answers = both(shown, training=False)
        asked = tf.math.log(tf.gather(answers, list(moods), axis=1, batch_dims=1) + 1e-12)
    gradients = tape.gradient(asked, found)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    maps = tf.cast(tf.nn.relu(tf.reduce_sum(weights * found, axis=-1)), tf.float32)
    largest = tf.reduce_max(maps, axis=(1, 2), keepdims=True)
    result: npt.NDArray[np.float32] = tf.math.divide_no_nan(maps, largest).numpy()
    return result
