"""Golden predictions: those of the trained network for a few pictures, to check the export."""

import math
import os
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from schemas import artifacts

PICTURES = 16
"""Golden predictions at most."""


def write(
    model: keras.Model,
    files: Sequence[str],
    total: int,
    batches: Callable[[Sequence[str]], tf.data.Dataset],
    folder: str,
) -> None:
    """Writes Examples and the network's predictions for them.

    Args:
      model: the trained network.
      files: shards of the eval split.
      total: Examples in them. Some of the first shard are used, spread over it, because
        neighbours are frames of one clip.
      batches: returns the batches (pixels, ...) of shards, as in the evaluation.
      folder: gets ``artifacts.EXPECTED_RECORDS`` and ``EXPECTED_PROBABILITIES``.
    """
    path = os.path.join(folder, artifacts.EXPECTED_RECORDS)
    step = max(1, math.ceil(total / len(files)) // PICTURES)
    records = tf.data.TFRecordDataset(files[0]).shard(step, 0).take(PICTURES)
    with tf.io.TFRecordWriter(path) as writer:
        for record in records.as_numpy_iterator():
            writer.write(record)
    probabilities = [model.predict_on_batch(pixels) for pixels, *_ in batches([path])]
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.EXPECTED_PROBABILITIES), "wb") as file:
        np.save(file, np.concatenate(probabilities))
