"""Labels of Examples as indices, by the Transform node's own graph.

Indices come from the node's graph alone, so that the training cannot disagree with what the
pipeline recorded.
"""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

from schemas import features


class LabelIndexer:
    """Turns label features into indices with a Transform node's output."""

    def __init__(self, transform_graph: str) -> None:
        """Opens the node's output folder, ``fn_args.transform_graph_path``."""
        output = tft.TFTransformOutput(transform_graph)
        self._layer = output.transform_features_layer()
        self.feature_spec = {features.LABEL: output.raw_feature_spec()[features.LABEL]}
        """The features of an Example to parse, for ``tf.io.parse_example``."""

    def __call__(self, labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
        """Returns int64[n]: the index of each label of a batch parsed by ``feature_spec``."""
        return self._layer({features.LABEL: labels})[features.LABEL_INDEX]

    def indices_of(self, mood_names: Sequence[str]) -> dict[str, int]:
        """Returns the index of each mood, ``UNKNOWN`` for one that the graph does not know."""
        records = tf.constant([_example_of(name) for name in mood_names], tf.string)
        labels = tf.io.parse_example(records, self.feature_spec)[features.LABEL]
        return dict(zip(mood_names, self(labels).numpy().tolist(), strict=True))


def _example_of(label: str) -> bytes:
    """Returns a serialized Example with a label alone."""
    example = tf.train.Example()
    example.features.feature[features.LABEL].bytes_list.value.append(label.encode())
    return bytes(example.SerializeToString())
