"""Examples of a split: some thousand at most, spread over it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs.preprocessing import PICTURE_SPEC, preprocess
from schemas import features

_MAX_SHARDS = 64
"""Shards that are opened: of two million rows the others are never read."""


class Rows(NamedTuple):
    """Examples, and what the network sees of them.

    Attributes:
      records: serialized.
      pixels: uint8[n, resolution, resolution, 3].
      labels: names of the true moods.
      units: the animals, or the clips of unknown ones.
    """

    records: list[bytes]
    pixels: npt.NDArray[np.uint8]
    labels: list[str]
    units: list[str]


def read(shards: Sequence[str], total: int, count: int, resolution: int) -> Rows:
    """Returns some Examples of a split.

    Args:
      shards: its TFRecord files, at least one.
      total: Examples in all of them.
      count: Examples at most, 0 or more; neighbours are frames of one clip, so that they are taken
        at equal distances.
      resolution: of the network, pixels.
    """
    records = list(_spread(shards, total, count))
    parsed = [tf.train.Example.FromString(record).features.feature for record in records]
    pixels = [_pixels(record, resolution) for record in records]
    return Rows(
        records,
        np.stack(pixels) if pixels else np.zeros((0, resolution, resolution, 3), np.uint8),
        [_text(feature, features.LABEL) for feature in parsed],
        [
            _text(feature, features.GROUP) or _text(feature, features.CLIP) or str(index)
            for index, feature in enumerate(parsed)
        ],
    )


def _spread(shards: Sequence[str], total: int, count: int) -> Iterator[bytes]:
    if not count:
        return
    opened = [shards[i * len(shards) // _MAX_SHARDS] for i in range(_MAX_SHARDS)]
    opened = list(dict.fromkeys(opened))
    of_each = -(-count // len(opened))
    step = max(1, total // len(shards) // of_each)
    left = count
    for shard in opened:
        records = tf.data.TFRecordDataset(shard).shard(step, 0).take(min(of_each, left))
        for record in records.as_numpy_iterator():
            left -= 1
            yield record


def _pixels(record: bytes, resolution: int) -> npt.NDArray[np.uint8]:
    parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
    # As in the training: of a picture without a window, nothing else is chosen.
    prepared = preprocess(parsed[features.IMAGE], lambda _: parsed[features.WINDOW], resolution)
    pixels: npt.NDArray[np.uint8] = prepared.pixels.numpy()
    return pixels


def _text(feature: Any, name: str) -> str:
    values = feature[name].bytes_list.value if name in feature else []
    return values[0].decode("utf-8", "replace") if values else ""
