"""A head that is trained on features kept from one pass of the frozen backbone over the pictures.

A frozen backbone computes as in inference (``fine_tuning.freeze``), so that a picture that is not
augmented has the same features in each epoch. A step on them costs a thousandth of one on pictures.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs import threads
from models.inputs.autograph import without_autograph
from models.inputs.clip_sampler import ClipSampler, Ints
from models.inputs.input_pipeline import with_sample_weights

_LOGGER = logging.getLogger(__name__)

POOLED = "head_pool"
"""Layer whose output is kept. The layers after it are the head, one after another."""

Features = npt.NDArray[np.float32]


class HeadTraining(NamedTuple):
    """What takes the place of the network, its training batches and its validation.

    Attributes:
      model: the head, of the whole network's own layers.
      training: as ``training`` of ``fitting.fit``, with features for pixels.
      validation: likewise.
    """

    model: keras.Model
    training: Callable[[int], tf.data.Dataset]
    validation: tf.data.Dataset


Keep = Callable[[keras.Model, int, int | None], HeadTraining]
"""From the network and the first and last batch of a phase; None is an end that is not known."""


class Head(keras.Model):
    """The layers after ``POOLED`` of a network, from features to probabilities.

    They are called here and not joined to a new graph: a layer in two graphs has no one output.
    """

    def __init__(self, network: keras.Model) -> None:
        """Creates the head; the variables are those of the network."""
        super().__init__(name="head_alone", dtype=network.dtype_policy)
        names = [layer.name for layer in network.layers]
        self._chain = network.layers[names.index(POOLED) + 1 :]
        self._num_classes = network.output_shape[-1]
        self.built = True

    @property
    def output_shape(self) -> tuple[int | None, int]:
        """As of the network."""
        return (None, self._num_classes)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns float32[n, k] for features [n, c]; Keras hands on whether it is training."""
        flow = inputs
        for layer in self._chain:
            flow = layer(flow)
        return flow


def keep(
    model: keras.Model,
    first: int,
    last: int | None,
    *,
    sampler: ClipSampler,
    label_indices: npt.NDArray[np.int32],
    class_weights: Sequence[float],
    batch_size: int,
    pictures: Callable[[Ints], tf.data.Dataset],
    validation: tf.data.Dataset,
) -> HeadTraining:
    """Computes the features of a phase's pictures, once each.

    Args:
      model: the network; its backbone is frozen.
      first: first batch of the phase that is trained on.
      last: the batch after the phase; None keeps the features of all examples.
      sampler: of the training.
      label_indices: int32[n], of all examples.
      class_weights: each mood's weight.
      batch_size: examples a batch.
      pictures: returns the batches of some examples, in order, as ``evaluation_batches``.
      validation: of ``evaluation_batches``.
    """
    if last is None:
        examples = np.arange(len(label_indices))
    else:
        count = (last - first) * batch_size
        examples = np.unique(sampler.examples(first * batch_size, count))
    _LOGGER.info("Keeping the features of %d pictures, which are not augmented", len(examples))
    compute = _features_of(model)
    rows = np.full(len(label_indices), -1)
    rows[examples] = np.arange(len(examples))
    features = np.concatenate([compute(pixels) for pixels, _ in pictures(examples)])
    weights = tf.constant(list(class_weights), tf.float32)

    def draw(number: Ints) -> tuple[Features, npt.NDArray[np.int32]]:
        drawn = sampler.examples(int(number) * batch_size, batch_size)
        return features[rows[drawn]], label_indices[drawn]

    def batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        drawn, indices = tf.numpy_function(draw, [number], [tf.float32, tf.int32], stateful=False)
        drawn = tf.ensure_shape(drawn, [batch_size, features.shape[1]])
        labels = tf.one_hot(tf.ensure_shape(indices, [batch_size]), len(class_weights))
        return with_sample_weights(drawn, labels, weights)

    def training(start: int) -> tf.data.Dataset:
        numbers = tf.data.Dataset.range(start, tf.int64.max)
        return threads.untuned(numbers.map(without_autograph(batch)).prefetch(threads.READY))

    return HeadTraining(Head(model), training, _validated(compute, validation))


def _validated(
    compute: Callable[[tf.Tensor], Features], validation: tf.data.Dataset
) -> tf.data.Dataset:
    """Returns the validation's batches with features for pixels, in the same parts."""
    parts = [(compute(pixels), labels.numpy()) for pixels, labels in validation]
    features, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    batches = tf.data.Dataset.from_tensor_slices((features, labels)).batch(len(parts[0][0]))
    return threads.untuned(batches)


def _features_of(model: keras.Model) -> Callable[[tf.Tensor], Features]:
    backbone = keras.Model(model.input, model.get_layer(POOLED).output)

    @tf.function(autograph=False, reduce_retracing=True)
    def compute(pixels: tf.Tensor) -> Any:
        return tf.cast(backbone(pixels, training=False), tf.float32)

    def found(pixels: tf.Tensor) -> Features:
        features: Features = compute(pixels).numpy()
        return features

    return found
