"""Label indexers that need no Transform node, for benchmarks that run without a pipeline."""

import tensorflow as tf

from models.inputs.label_index import LabelIndexer
from models.transform import preprocessing_fn
from schemas import features
from schemas.labels import DEFAULT_MOODS


class ZeroIndexer(LabelIndexer):
    """Gives each label the index 0, so that a lookup does not count in a measurement of speed."""

    def __init__(self) -> None:
        self.feature_spec = {features.LABEL: tf.io.FixedLenFeature([], tf.string)}

    def __call__(self, labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
        """Returns int64[n], all 0."""
        return tf.zeros_like(labels, tf.int64)


class DefaultIndexer(LabelIndexer):
    """Gives labels their index in ``DEFAULT_MOODS`` by the Transform node's own function."""

    def __init__(self) -> None:
        self.feature_spec = {features.LABEL: tf.io.FixedLenFeature([], tf.string)}

    def __call__(self, labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
        """Returns int64[n]: the index of each label."""
        indices = preprocessing_fn({features.LABEL: labels}, {"moods": list(DEFAULT_MOODS)})
        return indices[features.LABEL_INDEX]
