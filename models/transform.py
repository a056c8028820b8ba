"""Function of the Transform node: from a label's name to its index in the label map.

Pictures do not pass through it: they stay JPEG until ``models.inputs.preprocessing`` decodes
them. There are no analyzers and no tables, so TFX runs Transform in place, without a pass over the
data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from schemas import features

UNKNOWN = -1
"""Index of a label that is not in the label map."""


def preprocessing_fn(
    inputs: Mapping[str, Any], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor]:
    """Transforms a batch of features (called by TFX).

    Args:
      inputs: tensors by feature name, of which ``features.LABEL`` alone is read; string[n],
        string[n, 1] or sparse, NFC as the ingest writes it.
      custom_config: ``{"moods": [names in index order]}``.

    Returns:
      ``{features.LABEL_INDEX: int64[n]}``, ``UNKNOWN`` where the label is missing or unknown.
    """
    names = _dense(inputs[features.LABEL])
    return {features.LABEL_INDEX: _label_indices(names, mood_names=custom_config["moods"])}


def _dense(labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    """Returns string[n], "" where the label is missing."""
    if isinstance(labels, tf.SparseTensor):
        one_each = tf.SparseTensor(labels.indices, labels.values, [labels.dense_shape[0], 1])
        labels = tf.sparse.to_dense(one_each, default_value="")
    return tf.reshape(labels, [-1])


def _label_indices(names: tf.Tensor, mood_names: Sequence[str]) -> tf.Tensor:
    matches = tf.equal(names[:, tf.newaxis], tf.constant(list(mood_names))[tf.newaxis, :])
    indices = tf.argmax(tf.cast(matches, tf.int64), axis=1)
    return tf.where(tf.reduce_any(matches, axis=1), indices, tf.constant(UNKNOWN, tf.int64))
