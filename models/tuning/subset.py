"""Subset of a split for quick trainings: a few frames of many clips, with a share for every mood.

Frames of a clip are near copies: 44 whole clips of 99 frames say as much as 44 pictures, and four
of six moods would depend on one or two of them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.label_index import LabelIndexer
from schemas import features
from system.storage import whole

MIN_CLIPS = 30
"""Clips of each mood, as far as there are: below it a mood's F1 moves by 0.1 by chance."""
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
    files: Sequence[str],
    indexer: LabelIndexer,
    target_counts: Sequence[int],
    path: str,
    seed: int,
    frames_per_clip: int,
) -> list[int]:
    """Copies some frames of one clip after another until each mood has its target count.

    The shards, and the clips in each, come in the order of a hash of their names. A clip is
    taken if it has a mood that is below its target, or of which fewer than ``MIN_CLIPS`` clips
    have been taken. The ingest distributes clips over the shards by another hash, so the first
    shards are as good as any, and the others are not read. If all clips together have too few
    frames for the target, more frames of each are taken.

    Args:
      files: TFRecord shards, in each of which clips lie whole.
      indexer: of the Transform node.
      target_counts: examples of each mood, at most as many as there are.
      path: of the shard to write; it appears when it is complete.
      seed: of the order.
      frames_per_clip: most frames of a clip, spread over it, >= 1.

    Returns:
      Examples of each mood in the subset; they exceed the target by the frames of a clip, or by
      those of ``MIN_CLIPS`` clips.
    """
    target = np.array(target_counts, np.int64)
    copied, lengths = _copy(files, indexer, target, path, seed, frames_per_clip)
    # Some moods may have too few clips; the shortfall of all is what more frames can fill.
    if copied.sum() < target.sum() and max(lengths, default=0) > frames_per_clip:
        more = _frames_for(lengths, int(target.sum()))
        copied, _ = _copy(files, indexer, target, path, seed, more)
    return [int(count) for count in copied]


def _copy(
    files: Sequence[str],
    indexer: LabelIndexer,
    target: "np.ndarray[Any, Any]",
    path: str,
    seed: int,
    frames_per_clip: int,
) -> tuple["np.ndarray[Any, Any]", list[int]]:
    """Writes a subset; returns its examples of each mood, and the lengths of all clips seen."""
    copied, clips = np.zeros(len(target), np.int64), np.zeros(len(target), np.int64)
    lengths = []

    def wanted() -> Any:
        return (target > 0) & ((copied < target) | (clips < MIN_CLIPS))

    with whole(path) as partial, tf.io.TFRecordWriter(partial) as writer:
        for file in sorted(files, key=lambda name: _hash(seed, name.rpartition("/")[2].encode())):
            if not wanted().any():
                break
            for clip in _clips(file, indexer, len(target), seed):
                lengths.append(len(clip.records))
                if (clip.counts[wanted()] > 0).any():
                    chosen = _spread(len(clip.records), frames_per_clip)
                    part = np.bincount(
                        [clip.label_indices[index] for index in chosen], minlength=len(target)
                    )
                    copied += part
                    clips += part > 0
                    for index in chosen:
                        writer.write(clip.records[index])
    return copied, lengths


def _spread(length: int, frames: int) -> list[int]:
    """Returns at most ``frames`` indices below ``length``, evenly spread."""
    count = min(length, frames)
    return [(2 * index + 1) * length // (2 * count) for index in range(count)]


def _frames_for(lengths: Sequence[int], rows: int) -> int:
    """Returns the fewest frames of each clip that make up ``rows``; of short clips all."""
    frames = 1
    while sum(min(length, frames) for length in lengths) < rows and frames < max(lengths):
        frames += 1
    return frames


class _Clip(NamedTuple):
    """Examples of a clip with their label indices, and their number by mood, int64[k]."""

    counts: "np.ndarray[Any, Any]"
    label_indices: list[int]
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
            clip = clips.setdefault(name, _Clip(np.zeros(num_classes, np.int64), [], []))
            clip.counts[label_index] += 1
            clip.label_indices.append(int(label_index))
            clip.records.append(record)
    for name in sorted(clips, key=lambda name: _hash(seed, name)):
        yield clips[name]


def _hash(seed: int, name: bytes) -> bytes:
    return hashlib.blake2b(name, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
