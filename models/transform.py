"""What the Transform node does: the label's name becomes its index in the label map.

Pixels are not here: they stay JPEG until ``models.inputs.preprocessing`` opens them. There are no
analyzers and no tables, so that TFX runs Transform in place, without a pass over the data.
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
    """Maps a batch of features (called by TFX).

    Args:
      inputs: tensors by feature name, of which ``features.LABEL`` alone is read; string[n],
        string[n, 1] or sparse, NFC as the ingest writes it.
      custom_config: ``{"moods": [names in index order]}``.

    Returns:
      ``{features.LABEL_INDEX: int64[n]}``, ``UNKNOWN`` where the label is missing or unknown.
    """
    return {features.LABEL_INDEX: _index_of(_names(inputs[features.LABEL]), custom_config["moods"])}


def _names(labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    if isinstance(labels, tf.SparseTensor):
        one_each = tf.SparseTensor(labels.indices, labels.values, [labels.dense_shape[0], 1])
        labels = tf.sparse.to_dense(one_each, default_value="")
    return tf.reshape(labels, [-1])


def _index_of(names: tf.Tensor, moods: Sequence[str]) -> tf.Tensor:
    hits = tf.equal(names[:, tf.newaxis], tf.constant(list(moods))[tf.newaxis, :])
    places = tf.argmax(tf.cast(hits, tf.int64), axis=1)
    return tf.where(tf.reduce_any(hits, axis=1), places, tf.constant(UNKNOWN, tf.int64))
