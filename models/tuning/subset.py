"""A part of a split for quick trainings: whole clips, every mood with its share of them."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models.inputs.label_index import LabelIndexer
from schemas import features
from system.storage import whole

_BATCH = 256
_RARE = 10
"""A mood has at least this part of an even share."""


def shares(counts: Sequence[int], rows: int) -> list[int]:
    """Returns how many examples of each mood a subset of about ``rows`` has.

    They are proportional to the counts, for how to deal with rare moods is among the things
    that are searched. But a mood has at least a tenth of an even share, as far as there are
    examples: a macro-F1 of two pictures would decide by chance.

    Args:
      counts: examples of each mood in the split.
      rows: wanted, >= 1.
    """
    total, present = sum(counts), sum(count > 0 for count in counts)
    if total <= rows:
        return list(counts)
    least = -(-rows // (_RARE * present))
    return [min(count, max(round(rows * count / total), least)) for count in counts]


def write(
    files: Sequence[str], indexer: LabelIndexer, wanted: Sequence[int], target: str, seed: int
) -> list[int]:
    """Copies clips to a shard until each mood has its share, whatever that takes.

    The shards, and the clips in each, come in the order of a hash of their names. A clip is
    taken whole if it has a mood that lacks examples. The ingest deals clips out to shards by
    a hash of its own, so the first shards are no special ones, and the others are not read.

    Args:
      files: TFRecord shards, in each of which clips lie whole.
      indexer: of the Transform node.
      wanted: examples of each mood, at most what there are.
      target: the shard to write; it appears when it is complete.
      seed: of the order.

    Returns:
      Examples of each mood that were taken; more than wanted by less than a clip.
    """
    taken = np.zeros(len(wanted), np.int64)
    with whole(target) as partial, tf.io.TFRecordWriter(partial) as writer:
        for file in sorted(files, key=lambda name: _hash(seed, name.rpartition("/")[2].encode())):
            if (taken >= wanted).all():
                break
            for clip in _clips(file, indexer, len(wanted), seed):
                if (clip.counts[taken < wanted] > 0).any():
                    taken += clip.counts
                    for record in clip.records:
                        writer.write(record)
    return [int(number) for number in taken]


class _Clip(NamedTuple):
    counts: "np.ndarray[Any, Any]"
    records: list[bytes]


def _clips(file: str, indexer: LabelIndexer, moods: int, seed: int) -> Iterator[_Clip]:
    """Yields the clips of a shard, which is held whole in memory meanwhile."""
    spec = indexer.feature_spec | {features.CLIP: tf.io.FixedLenFeature([], tf.string)}

    def parse(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_example(records, spec)
        return records, parsed[features.CLIP], indexer(parsed[features.LABEL])

    as_written = tf.autograph.experimental.do_not_convert
    clips: dict[bytes, _Clip] = {}
    for batch in tf.data.TFRecordDataset([file]).batch(_BATCH).map(as_written(parse)):
        for record, name, mood in zip(*(part.numpy() for part in batch), strict=True):
            clip = clips.setdefault(name, _Clip(np.zeros(moods, np.int64), []))
            clip.counts[mood] += 1
            clip.records.append(record)
    for name in sorted(clips, key=lambda name: _hash(seed, name)):
        yield clips[name]


def _hash(seed: int, name: bytes) -> bytes:
    return hashlib.blake2b(name, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
