"""Batch normalisation in one operation instead of a dozen.

Keras 3 writes the layer out in means, products and sums. TensorFlow has all of it in one
kernel, forward and backward, and its graph optimiser folds that kernel into the convolution
before it when serving. ``benchmarks.training_step`` measures the difference.

Sergey Ioffe and Christian Szegedy, "Batch Normalization: Accelerating Deep Network Training by
Reducing Internal Covariate Shift", https://arxiv.org/abs/1502.03167.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="pet_mood")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer with the same weights, names and numbers, for pictures [n, h, w, c].

    Inputs of another rank, another axis than the last, or a mask are left to Keras.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalises over all axes but the last.

        Args:
          inputs: [n, h, w, c], float32, bfloat16 or float16.
          training: whether the batch's own statistics are used, and remembered.
          mask: see Keras.

        Returns:
          A tensor like ``inputs``.
        """
        if mask is not None or len(inputs.shape) != 4 or self.axis not in (-1, 3):
            return super().call(inputs, training=training, mask=mask)
        learns = bool(training and self.trainable)
        channels = [inputs.shape[-1]]
        out = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            # The kernel takes these as float32 whatever the precision of the inputs.
            scale=_float32(self.gamma) if self.scale else tf.ones(channels),
            offset=_float32(self.beta) if self.center else tf.zeros(channels),
            mean=[] if learns else _float32(self.moving_mean),
            variance=[] if learns else _float32(self.moving_variance),
            epsilon=self.epsilon,
            is_training=learns,
        )
        if learns:
            self._remember(out.batch_mean, out.batch_variance, tf.size(inputs) // channels[0])
        return out.y

    def _remember(self, mean: tf.Tensor, variance: tf.Tensor, count: tf.Tensor) -> None:
        # The kernel gives the sample's variance (n - 1); Keras remembers the batch's (n).
        n = tf.cast(count, tf.float32)
        for moving, new in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * ((n - 1) / n)),
        ):
            moving.assign(moving * self.momentum + new * (1.0 - self.momentum))


def _float32(variable: Any) -> tf.Tensor:
    return tf.convert_to_tensor(variable.value, tf.float32)


def with_fused_batch_norm(model: keras.Model) -> keras.Model:
    """Returns a new model with the same layers, fused where they normalise a batch.

    The weights are freshly initialised: load them afterwards.
    """

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind = type(layer)
        if kind is keras.layers.BatchNormalization:
            kind = FusedBatchNormalization
        return kind.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=clone)
