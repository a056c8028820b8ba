"""Batch normalisation folded into the convolution before it, for a network that only answers.

With statistics that no longer move, normalising is a factor and an offset a channel. Both go into
the convolution's kernel and a bias: a pass over each activation less, and TensorFlow's CPU
kernels then do the bias and the swish as they write the convolution's results.

Benoit Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", https://arxiv.org/abs/1712.05877, section 3.2.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.network.classifier import without_optimizer


class _Passed(keras.layers.Layer):
    """Stands where a normalisation was, and takes what its call took."""

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns its input."""
        del training, mask
        return inputs


def folded(model: keras.Model) -> keras.Model:
    """Returns a network that gives the answers which ``model`` gives with ``training=False``.

    Args:
      model: functional, with each layer called once; it is not changed. A normalisation goes
        into the convolution that it follows if nobody else reads that; others stay.
    """
    pairs = _pairs(model)
    normalisations = {norm.name for norm in pairs.values()}

    def without(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in normalisations:
            return _Passed(name=layer.name)
        config = layer.get_config()
        return type(layer).from_config(
            config | {"use_bias": True} if layer.name in pairs else config
        )

    # A clone of a model that trains would have an optimiser too.
    answering = keras.models.clone_model(without_optimizer(model), clone_function=without)
    for layer in model.layers:
        # The twin of an input has another name, and nothing to take over.
        if not layer.weights or layer.name in normalisations:
            continue
        twin = answering.get_layer(layer.name)
        norm = pairs.get(layer.name)
        twin.set_weights(_one_layer(layer, norm) if norm else layer.get_weights())
        if isinstance(twin, keras.layers.Normalization):
            twin.finalize_state()
    return answering


def _pairs(model: keras.Model) -> dict[str, Any]:
    """Returns the normalisations by the names of the convolutions that they go into."""
    made_by = {id(layer.output): layer for layer in model.layers}
    read = [id(tensor) for layer in model.layers for tensor in keras.tree.flatten(layer.input)]
    pairs = {}
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        before = made_by.get(id(norm.input))
        if (
            isinstance(before, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
            and before.activation is keras.activations.linear
            and norm.axis in (-1, 3)
            and read.count(id(norm.input)) == 1
        ):
            pairs[before.name] = norm
    return pairs


def _one_layer(convolution: Any, norm: Any) -> list[npt.NDArray[np.float32]]:
    """Returns the kernel and the bias that do what both layers do."""
    factor = 1.0 / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    if norm.scale:
        factor = factor * norm.gamma.numpy()
    offset = norm.beta.numpy() if norm.center else 0.0
    kernel = convolution.kernel.numpy()
    bias = convolution.bias.numpy() if convolution.use_bias else 0.0
    # A depthwise kernel is [height, width, channels, outputs of each].
    depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
    by_output = factor.reshape(kernel.shape[-2:]) if depthwise else factor
    return [kernel * by_output, offset + (bias - norm.moving_mean.numpy()) * factor]
