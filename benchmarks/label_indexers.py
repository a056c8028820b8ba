"""Label indexers that need no Transform node, for benchmarks that run without a pipeline."""

from collections.abc import Sequence

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


class MoodIndexer(LabelIndexer):
    """Gives labels their index in a list of moods by the Transform node's own function."""

    def __init__(self, moods: Sequence[str] = DEFAULT_MOODS) -> None:
        self.feature_spec = {features.LABEL: tf.io.FixedLenFeature([], tf.string)}
        self._moods = list(moods)

    def __call__(self, labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
        """Returns int64[n]: the index of each label."""
        return preprocessing_fn({features.LABEL: labels}, {"moods": self._moods})[
            features.LABEL_INDEX
        ]
