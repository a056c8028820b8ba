"""Labels of Examples as indices, by the Transform node's own graph, and their counts.

Indices come from the node's graph alone, so that the training cannot disagree with what the
pipeline recorded.
"""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

from models.inputs.autograph import without_autograph
from models.transform import UNKNOWN
from schemas import features
from schemas.errors import ConfigError

_BATCH = 1024


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
        records = [_example_of(name) for name in mood_names]
        labels = tf.io.parse_example(records, self.feature_spec)[features.LABEL]
        return dict(zip(mood_names, self(labels).numpy().tolist(), strict=True))


def count_labels(files: Sequence[str], indexer: LabelIndexer, num_classes: int) -> list[int]:
    """Counts the examples of each mood; reads every record once and decodes no picture.

    Args:
      files: TFRecord shards, uncompressed.
      indexer: of the Transform node.
      num_classes: moods in the label map.

    Returns:
      Examples of each mood, in label map order.

    Raises:
      ConfigError: if a label is not in the label map.
    """

    def count(records: tf.Tensor) -> tf.Tensor:
        parsed = tf.io.parse_example(records, indexer.feature_spec)
        bins = indexer(parsed[features.LABEL]) - UNKNOWN  # Unknown labels are in bin 0.
        return tf.math.bincount(bins, minlength=num_classes + 1, dtype=tf.int64)

    records = tf.data.TFRecordDataset(list(files), num_parallel_reads=min(len(files), 4))
    batch_counts = records.batch(_BATCH).map(
        without_autograph(count), num_parallel_calls=tf.data.AUTOTUNE
    )
    zeros = tf.zeros([num_classes + 1], tf.int64)
    unknown: int
    known: list[int]
    unknown, *known = batch_counts.reduce(zeros, tf.add).numpy().tolist()
    if unknown:
        raise ConfigError(
            f"Every label must be in the label map. Received: {unknown} of "
            f"{unknown + sum(known)} examples in {files[0]} and its sister shards have another. "
            "Run the ingest and Transform with the same label map"
        )
    return known


def _example_of(label: str) -> bytes:
    """Returns a serialized Example with a label alone."""
    example = tf.train.Example()
    example.features.feature[features.LABEL].bytes_list.value.append(label.encode())
    return bytes(example.SerializeToString())
