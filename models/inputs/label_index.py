"""Labels of Examples as indices, by the Transform node's own graph, and how many of each.

The node's graph is asked and nothing else, so that training cannot disagree with what the
pipeline recorded.
"""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

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
        """What to parse of an Example, for ``tf.io.parse_example``."""

    def __call__(self, labels: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
        """Returns int64[n]: the index of each label of a batch parsed by ``feature_spec``."""
        return self._layer({features.LABEL: labels})[features.LABEL_INDEX]


def count_labels(files: Sequence[str], indexer: LabelIndexer, classes: int) -> list[int]:
    """Counts the examples of each mood; reads every record once and decodes no picture.

    Args:
      files: TFRecord shards, uncompressed.
      indexer: see above.
      classes: moods in the label map.

    Returns:
      Examples of each mood, in label map order.

    Raises:
      ConfigError: if a label is not in the label map.
    """

    def count(serialized: tf.Tensor) -> tf.Tensor:
        parsed = tf.io.parse_example(serialized, indexer.feature_spec)
        places = indexer(parsed[features.LABEL]) - UNKNOWN  # The unknown come first.
        return tf.math.bincount(places, minlength=classes + 1, dtype=tf.int64)

    records = tf.data.TFRecordDataset(list(files), num_parallel_reads=min(len(files), 4))
    as_written = tf.autograph.experimental.do_not_convert
    counts = records.batch(_BATCH).map(as_written(count), num_parallel_calls=tf.data.AUTOTUNE)
    zeros = tf.zeros([classes + 1], tf.int64)
    unknown: int
    known: list[int]
    unknown, *known = counts.reduce(zeros, tf.add).numpy().tolist()
    if unknown:
        raise ConfigError(
            f"Every label must be in the label map. Received: {unknown} of "
            f"{unknown + sum(known)} examples in {files[0]} and its sister shards have another. "
            "Run the ingest and Transform with the same label map"
        )
    return known
