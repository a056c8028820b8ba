"""What the trained network says of a few pictures, for checking the export against."""

import math
import os
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from schemas import artifacts

PICTURES = 16


def write(
    model: keras.Model,
    files: Sequence[str],
    total: int,
    batches: Callable[[Sequence[str]], tf.data.Dataset],
    folder: str,
) -> None:
    """Writes Examples and the network's answers to them.

    Args:
      model: the trained network.
      files: the eval split's shards.
      total: Examples in them. Some of the first shard are taken, spread over it, for
        neighbours are frames of one clip.
      batches: makes batches of (pixels, ...) of shards, as the evaluation does.
      folder: gets ``artifacts.EXPECTED_RECORDS`` and ``EXPECTED_PROBABILITIES``.
    """
    path = os.path.join(folder, artifacts.EXPECTED_RECORDS)
    step = max(1, math.ceil(total / len(files)) // PICTURES)
    first = tf.data.TFRecordDataset(files[0]).shard(step, 0).take(PICTURES)
    with tf.io.TFRecordWriter(path) as writer:
        for record in first.as_numpy_iterator():
            writer.write(record)
    answers = [model.predict_on_batch(pixels) for pixels, *_ in batches([path])]
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.EXPECTED_PROBABILITIES), "wb") as file:
        np.save(file, np.concatenate(answers))
