"""The training's stream of records with its default settings, for several benchmarks."""

from collections.abc import Sequence

import tensorflow as tf

from models.inputs import records, shard_index
from models.inputs.clip_sampler import ClipSampler
from models.inputs.label_index import LabelIndexer


def drawn(
    files: Sequence[str],
    indexer: LabelIndexer,
    num_classes: int,
    *,
    batch_size: int,
    seed: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Returns ``records.sampled`` over shards, each example once an epoch.

    Args:
      files: TFRecord shards on this machine.
      indexer: of the shards' labels.
      num_classes: moods in the label map.
      batch_size: examples a batch.
      seed: of the order.
      start: batches of the stream to leave out.
    """
    index = shard_index.load(files, indexer)
    sampler = ClipSampler(index.clips, index.label_indices, num_classes, seed=seed)
    return records.sampled(index, sampler, indexer, batch_size=batch_size, start=start)
