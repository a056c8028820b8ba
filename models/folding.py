"""Batch normalisation folded into the convolution before it, for a network that only answers.

With fixed statistics, ``norm(conv(x))`` is linear in x: a convolution with scaled kernels and a
bias. TensorFlow runs that, and the activation after it, as one kernel. Benoit Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
https://arxiv.org/abs/1712.05877, section 3.2.
"""

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf


class _Nothing(keras.layers.Layer):
    """Stands where a folded layer was, and takes the arguments of its call."""

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        return inputs


def folded(model: keras.Model) -> keras.Model:
    """Returns a network that answers as ``model(x, training=False)`` does, up to rounding.

    Every batch norm whose input is a convolution without bias or activation, which nobody else
    reads, is folded. What else there is is copied.

    Args:
      model: functional, each layer called once; not changed.
    """
    norms = _norms_by_convolution(model)
    gone = {norm.name for norm in norms.values()}

    def exchanged(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if layer.name in gone:
            return _Nothing(name=layer.name, dtype=layer.dtype_policy)
        if layer.name in norms:
            config["use_bias"] = True
        return type(layer).from_config(config)

    # A copy of a compiled network is compiled, too, and its optimizer may be one that Keras does
    # not know.
    plain = keras.Model(model.inputs, model.outputs)
    result = keras.models.clone_model(plain, clone_function=exchanged)
    for layer in model.layers:
        if layer.weights and layer.name not in gone:
            weights = layer.get_weights()
            if layer.name in norms:
                weights = _fold(layer, weights[0], norms[layer.name])
            result.get_layer(layer.name).set_weights(weights)
    return result


def _norms_by_convolution(model: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    found = {}
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization) or len(norm.input.shape) != 4:
            continue
        # The history of a symbolic tensor is how Keras itself walks its graphs.
        layer = norm.input._keras_history.operation
        if (
            isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
            and not layer.use_bias
            and layer.activation is keras.activations.linear
            and norm.axis in (-1, 3)
            and sum(layer.output is read for other in model.layers for read in _inputs(other)) == 1
        ):
            found[layer.name] = norm
    return found


def _inputs(layer: keras.layers.Layer) -> list[keras.KerasTensor]:
    return list(keras.tree.flatten(layer.input))


def _fold(
    layer: keras.layers.Layer,
    kernel: npt.NDArray[np.float32],
    norm: keras.layers.BatchNormalization,
) -> list[npt.NDArray[np.float32]]:
    """Returns kernel and bias: gamma (k x - mean) / std + beta = (s k) x + (beta - s mean)."""
    mean, variance = (
        np.asarray(each, np.float64) for each in (norm.moving_mean, norm.moving_variance)
    )
    gamma = np.asarray(norm.gamma, np.float64) if norm.scale else 1.0
    beta = np.asarray(norm.beta, np.float64) if norm.center else 0.0
    scale = gamma / np.sqrt(variance + norm.epsilon)
    # A kernel is [height, width, in, out], a depthwise one [height, width, in, outs of each in].
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    along = scale.reshape(kernel.shape[-2:]) if depthwise else scale
    return [(kernel * along).astype(kernel.dtype), (beta - mean * scale).astype(kernel.dtype)]
