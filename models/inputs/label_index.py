"""Labels of Examples as indices, by the Transform node's own graph.

Indices come from the node's graph alone, so that the training cannot disagree with what the
pipeline recorded.
"""

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
