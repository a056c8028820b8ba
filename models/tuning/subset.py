"""Subset of a split for quick trainings: whole clips, with a share for every mood."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.label_index import LabelIndexer
from schemas import features
from system.storage import whole

_BATCH = 256
_RARE = 10
"""A mood has at least an even share divided by this."""


def stratified_counts(counts: Sequence[int], rows: int) -> list[int]:
    """Returns the examples of each mood in a subset of about ``rows``.

    They are proportional to the counts, because the methods against rare moods are among the
    settings that are searched. But a mood has at least a tenth of an even share, as far as there
    are examples: a macro-F1 of two pictures would depend on chance.

    Args:
      counts: examples of each mood in the split.
      rows: of the subset, >= 1.
    """
    total, num_present = sum(counts), sum(count > 0 for count in counts)
    if total <= rows:
        return list(counts)
    minimum = -(-rows // (_RARE * num_present))
    return [min(count, max(round(rows * count / total), minimum)) for count in counts]


def write(
    files: Sequence[str], indexer: LabelIndexer, target_counts: Sequence[int], path: str, seed: int
) -> list[int]:
    """Copies whole clips to a shard until each mood has its target count.

    The shards, and the clips in each, come in the order of a hash of their names. A clip is
    copied if it has a mood that is below its target. The ingest distributes clips over the
    shards by another hash, so the first shards are as good as any, and the others are not read.

    Args:
      files: TFRecord shards, in each of which clips lie whole.
      indexer: of the Transform node.
      target_counts: examples of each mood, at most as many as there are.
      path: of the shard to write; it appears when it is complete.
      seed: of the order.

    Returns:
      Examples of each mood in the subset; they exceed the target by less than a clip.
    """
    copied = np.zeros(len(target_counts), np.int64)
    with whole(path) as partial, tf.io.TFRecordWriter(partial) as writer:
        for file in sorted(files, key=lambda name: _hash(seed, name.rpartition("/")[2].encode())):
            if (copied >= target_counts).all():
                break
            for clip in _clips(file, indexer, len(target_counts), seed):
                if (clip.counts[copied < target_counts] > 0).any():
                    copied += clip.counts
                    for record in clip.records:
                        writer.write(record)
    return [int(count) for count in copied]


class _Clip(NamedTuple):
    """Examples of a clip, and their number by mood, int64[k]."""

    counts: "np.ndarray[Any, Any]"
    records: list[bytes]


def _clips(file: str, indexer: LabelIndexer, num_classes: int, seed: int) -> Iterator[_Clip]:
    """Yields the clips of a shard, which is held in memory meanwhile."""
    spec = indexer.feature_spec | {features.CLIP: tf.io.FixedLenFeature([], tf.string)}

    def parse(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_example(records, spec)
        return records, parsed[features.CLIP], indexer(parsed[features.LABEL])

    clips: dict[bytes, _Clip] = {}
    for batch in tf.data.TFRecordDataset([file]).batch(_BATCH).map(without_autograph(parse)):
        for record, name, label_index in zip(*(part.numpy() for part in batch), strict=True):
            clip = clips.setdefault(name, _Clip(np.zeros(num_classes, np.int64), []))
            clip.counts[label_index] += 1
            clip.records.append(record)
    for name in sorted(clips, key=lambda name: _hash(seed, name)):
        yield clips[name]


def _hash(seed: int, name: bytes) -> bytes:
    return hashlib.blake2b(name, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
