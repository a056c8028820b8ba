"""Grad-CAM: heat maps of where in a picture the network found a mood.

Ramprasaath R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", https://arxiv.org/abs/1610.02391, section 3. The gradient is that
of the logarithm of the probability; the gradient of the probability itself would vanish where the
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
_AT_ONCE = 8
"""Pictures at a time: gradients need all activations, some 200 MB a picture of 380 pixels (an
estimate from EfficientNet-B4's layers, not measured)."""
_EPSILON = 1e-12
"""Added to probabilities: 0 has no logarithm."""


def views(records: Sequence[bytes], resolution: int) -> npt.NDArray[np.uint8]:
    """Returns the network's input for serialized Examples.

    Args:
      records: as PetExampleGen writes them, at least one.
      resolution: side, pixels.

    Returns:
      uint8[n, resolution, resolution, 3] in 0..255.
    """
    pixels = []
    for record in records:
        parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
        choose_view = functools.partial(_stored_window, parsed[features.WINDOW])
        preprocessed = preprocess(parsed[features.IMAGE], choose_view, resolution)
        pixels.append(preprocessed.pixels.numpy())
    return np.stack(pixels)


def _stored_window(window: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return window


def heat_maps(
    model: keras.Model, pixels: npt.NDArray[np.uint8], label_indices: Sequence[int]
) -> npt.NDArray[np.float32]:
    """Returns how much each part of a picture raises the probability of a mood.

    Args:
      model: of ``models.network.classifier``, uint8[n, resolution, resolution, 3] to probabilities.
      pixels: uint8[n, resolution, resolution, 3].
      label_indices: the mood to explain, one a picture.

    Returns:
      float32[n, h, w] in 0..1, the largest of each picture being 1; all 0 where no part raises
      the probability. h and w are those of the last convolution, 1/32 of the resolution.
    """
    explained = keras.Model(model.inputs, [model.get_layer(_POOLING).input, model.outputs[0]])
    return np.concatenate(
        [
            _heat_maps(
                explained, pixels[begin : begin + _AT_ONCE], label_indices[begin : begin + _AT_ONCE]
            )
            for begin in range(0, len(pixels), _AT_ONCE)
        ]
    )


def _heat_maps(
    explained: keras.Model, pixels: npt.NDArray[np.uint8], label_indices: Sequence[int]
) -> npt.NDArray[np.float32]:
    inputs = tf.cast(pixels, tf.float32)
    with tf.GradientTape() as tape:
        # Of a frozen network no variables are watched by themselves.
        tape.watch(inputs)
        activations, probabilities = explained(inputs, training=False)
        chosen = tf.gather(probabilities, list(label_indices), axis=1, batch_dims=1)
        log_probabilities = tf.math.log(chosen + _EPSILON)
    gradients = tape.gradient(log_probabilities, activations)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    maps = tf.cast(tf.nn.relu(tf.reduce_sum(weights * activations, axis=-1)), tf.float32)
    largest = tf.reduce_max(maps, axis=(1, 2), keepdims=True)
    result: npt.NDArray[np.float32] = tf.math.divide_no_nan(maps, largest).numpy()
    return result
