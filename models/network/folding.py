"""Batch normalisation folded into the convolution before it, for inference alone.

With fixed statistics, normalising is a factor and an offset for each channel. Both go into the
convolution's kernel and bias. That saves a pass over each activation, and TensorFlow's CPU
kernels then apply the bias and the swish while they write the convolution's results.

Benoit Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", https://arxiv.org/abs/1712.05877, section 3.2.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.network.classifier import without_optimizer


class _Identity(keras.layers.Layer):
    """Takes the place of a folded normalisation, with the same arguments of ``call``."""

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns its input."""
        del training, mask
        return inputs


def fold_batch_norms(model: keras.Model) -> keras.Model:
    """Returns a network with the outputs of ``model`` with ``training=False``.

    Args:
      model: functional, with each layer called once; it is not changed. A normalisation is folded
        if it follows a convolution whose output no other layer reads; others stay.
    """
    norms = _foldable_norms(model)
    folded_names = {norm.name for norm in norms.values()}

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in folded_names:
            return _Identity(name=layer.name)
        config = layer.get_config()
        return type(layer).from_config(
            config | {"use_bias": True} if layer.name in norms else config
        )

    # A clone of a model that trains would have an optimiser too.
    folded = keras.models.clone_model(without_optimizer(model), clone_function=clone)
    for layer in model.layers:
        # The clone of an input has another name, and no weights.
        if not layer.weights or layer.name in folded_names:
            continue
        twin = folded.get_layer(layer.name)
        norm = norms.get(layer.name)
        twin.set_weights(_folded_weights(layer, norm) if norm else layer.get_weights())
        if isinstance(twin, keras.layers.Normalization):
            twin.finalize_state()
    return folded


def _foldable_norms(model: keras.Model) -> dict[str, Any]:
    """Returns the normalisations to fold, by the names of the convolutions before them."""
    layer_by_output = {id(layer.output): layer for layer in model.layers}
    inputs = [id(tensor) for layer in model.layers for tensor in keras.tree.flatten(layer.input)]
    norms = {}
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        convolution = layer_by_output.get(id(norm.input))
        if (
            isinstance(convolution, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
            and convolution.activation is keras.activations.linear
            and norm.axis in (-1, 3)
            and inputs.count(id(norm.input)) == 1
        ):
            norms[convolution.name] = norm
    return norms


def _folded_weights(convolution: Any, norm: Any) -> list[npt.NDArray[np.float32]]:
    """Returns the kernel and the bias of one convolution that replaces both layers."""
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
