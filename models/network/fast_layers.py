"""Layers with the results of Keras' own, in fewer passes over memory and in kernels that are fast.

Most of EfficientNet's time on a CPU goes into reading and writing activations, not into
multiplying. Keras 3 builds batch normalisation and the gradient of the swish from elementary
operations, each of which reads and writes whole activations; these layers do so once or twice.
docs/decisions/0010-fast-step.md has the figures. On a GPU two more things count: drop-connect must
not stop TensorFlow's layout optimiser, and depthwise convolutions need a kernel that is made for
the type (docs/decisions/0026-half-precision.md). ``with_fast_layers`` exchanges the layers of a
Keras application for these. The weights stay the same in number, order, shape and name, so that
weights files fit both networks.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

_PACKAGE = "pet_mood"
STOCK_DROP_PATH = 0.2
"""``drop_connect_rate`` of ``keras.applications.EfficientNetB0``, which has no argument for it."""
_FUSED_DTYPES = ("float32", "float16", "bfloat16")


# The class has Keras' name, by which ``.keras`` and ``.weights.h5`` files are keyed
# (keras.src.saving.saving_lib): so the files of stock networks fit these, and the reverse.
@keras.saving.register_keras_serializable(package=_PACKAGE)
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer on TensorFlow's fused kernel, for pictures: [n, height, width, channels].

    Weights, settings and results are those of ``keras.layers.BatchNormalization``, the moving
    variance included: the kernel gives the sample variance, over n - 1, and Keras updates by the
    population variance, over n. Keras' own code does what the kernel cannot: other ranks and
    axes, float64, masks, synchronised statistics, and a missing gamma or beta.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalises, and updates the moving statistics if ``training`` and the layer is trainable.

        Args:
          inputs: float[n, height, width, channels], n >= 1.
          training: whether to normalise by the batch's own statistics.
          mask: see Keras.

        Returns:
          A tensor of the shape of ``inputs`` and the layer's compute dtype.
        """
        if not self._is_fusible(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        inputs = tf.cast(inputs, self.compute_dtype)

        # Inference, or a frozen layer.
        if not (training and self.trainable):
            return tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=self.gamma,
                offset=self.beta,
                mean=self.moving_mean,
                variance=self.moving_variance,
                epsilon=self.epsilon,
                is_training=False,
            ).y

        # Training.
        unused = tf.zeros([0], tf.float32)
        fused = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=unused,
            variance=unused,
            epsilon=self.epsilon,
            is_training=True,
        )

        # The moving statistics.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        # For a single value the kernel on a GPU may give NaN: 0 / 0.
        variance = tf.math.multiply_no_nan(fused.batch_variance, (count - 1.0) / count)
        for moving, current in (
            (self.moving_mean, fused.batch_mean),
            (self.moving_variance, variance),
        ):
            moving.assign(moving * self.momentum + current * (1.0 - self.momentum))
        return fused.y

    def _is_fusible(self, inputs: tf.Tensor, mask: tf.Tensor | None) -> bool:
        return (
            mask is None
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and self.scale
            and self.center
            and not self.synchronized
            and self.compute_dtype in _FUSED_DTYPES
            and keras.backend.standardize_dtype(inputs.dtype) in _FUSED_DTYPES
        )


@keras.saving.register_keras_serializable(package=_PACKAGE)
class Swish(keras.layers.Layer):
    """``x * sigmoid(x)``, with a gradient that is one pass on a CPU.

    Prajit Ramachandran, Barret Zoph and Quoc V. Le, "Searching for Activation Functions",
    https://arxiv.org/abs/1710.05941.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns a tensor of the shape and dtype of ``inputs``, which is float of any shape."""
        # On a GPU the swish costs little, and XLA needs parts of CUDA that not all machines have.
        if tf.config.list_physical_devices("GPU"):
            return tf.nn.silu(inputs)
        return _swish(inputs)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class Dropout(keras.layers.Dropout):
    """Keras' layer; with a noise shape, as a product with a mask of 0 and 1 / keep.

    Unlike Keras' it leaves out nothing with ``trainable=False``, as a frozen batch norm does.

    EfficientNet's drop-connect leaves whole examples out of a branch: Gao Huang et al., "Deep
    Networks with Stochastic Depth" (2016), https://arxiv.org/abs/1603.09382. Keras selects between
    the input and a scalar 0. TensorFlow's layout optimiser fails on that selection, for the whole
    graph (tensorflow#34499, #61324, #98985: "layout failed: Size of values 0 does not match size
    of permutation 4"), and the convolutions then stay in the slower layout. A product gives the
    same numbers, except where an input is NaN or infinite.

    The mask is drawn in float32 whatever the precision: so the same seed leaves out the same
    examples in every precision. XLA has a generator of its own and leaves out others.
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns a tensor of the shape and dtype of ``inputs``."""
        training = training and self.trainable
        if not training or not self.rate or self.noise_shape is None:
            return super().call(inputs, training=training)
        shape = tf.shape(inputs)
        noise_shape = [
            shape[axis] if size is None else size for axis, size in enumerate(self.noise_shape)
        ]
        seed = tf.cast(tf.convert_to_tensor(self.seed_generator.next()), tf.int32)
        drawn = tf.random.stateless_uniform(noise_shape, seed)
        # The factor is rounded once, as TensorFlow does: so the results are equal to the last bit.
        kept = tf.cast(drawn >= self.rate, tf.float32) * (1.0 / (1.0 - self.rate))
        return inputs * tf.cast(kept, inputs.dtype)


def with_fast_layers(network: keras.Model, drop_path: float = STOCK_DROP_PATH) -> keras.Model:
    """Returns a copy of the network with the layers above and freshly initialised weights.

    Args:
      network: EfficientNet of ``keras.applications``; not changed.
      drop_path: rate of drop-connect in the deepest block, in place of the stock network's; those
        of the other blocks change in proportion.
    """
    factor = drop_path / STOCK_DROP_PATH
    return keras.models.clone_model(
        network, clone_function=lambda layer: _fast_layer(layer, factor)
    )


def _fast_layer(layer: keras.layers.Layer, drop_factor: float) -> keras.layers.Layer:
    """Returns the fast layer in place of ``layer``; a new one of its own kind if there is none."""
    config = layer.get_config()
    common = {key: config[key] for key in ("name", "trainable", "dtype")}
    if isinstance(layer, keras.layers.BatchNormalization):
        return BatchNormalization.from_config(config)
    if isinstance(layer, keras.layers.Activation) and config["activation"] in ("swish", "silu"):
        return Swish.from_config(common)
    # EfficientNet pads its strided convolutions by hand, as much as TensorFlow's "same" does.
    # Without that layer there is no copy of the padded picture, and none of its gradient.
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return keras.layers.Identity(name=layer.name)
    if isinstance(layer, keras.layers.Dropout):
        return Dropout.from_config(config | {"rate": config["rate"] * drop_factor})
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # TensorFlow has no fast kernel for depthwise convolutions in half precision on a GPU.
        return type(layer).from_config(config | {"padding": "same", "dtype": "float32"})
    if isinstance(layer, keras.layers.Conv2D):
        return type(layer).from_config(config | {"padding": "same"})
    return type(layer).from_config(config)


@tf.custom_gradient
def _swish(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
    # With oneDNN TensorFlow itself makes this one pass.
    return x * tf.sigmoid(x), lambda upstream: _swish_gradient(x, upstream)


# XLA compiles the seven operations to one loop over both cores: 19 ms instead of 65 ms for
# [32, 112, 112, 96]. It is compiled once for every shape, in some 0.1 s.
@tf.function(jit_compile=True, autograph=False)
def _swish_gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """Returns ``upstream * d swish(x) / dx``, in x's dtype but computed in float32 or wider."""
    wide = tf.float64 if x.dtype == tf.float64 else tf.float32
    z = tf.cast(x, wide)
    gate = tf.sigmoid(z)
    return tf.cast(tf.cast(upstream, wide) * gate * (1.0 + z * (1.0 - gate)), x.dtype)
