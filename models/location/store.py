"""Collects the stored frames of a split: those of its records that have one, or some of them."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from models.inputs import records
from models.inputs.record_reader import RecordReader
from models.inputs.shard_index import ShardIndex
from schemas import features, frame_columns
from schemas.splits import frames_file
from system.arrow import pa
from system.parquet import read_table

_LOGGER = logging.getLogger(__name__)

_KEPT = (features.SCENE, features.SCENE_BOXES, features.SPECIES)
_COLUMNS = (frame_columns.OFFSET, frame_columns.RECORD_BYTES, frame_columns.SCENE)
_READ_TOGETHER = 64


def scenes_of(files: Sequence[str], most: int, seed: int | None = None) -> list[bytes]:
    """Returns Examples with nothing but their stored frame, its boxes and the species.

    They are held in memory: a frame has some 5 to 50 kB.

    Args:
      files: TFRecord shards of a split.
      most: frames at most.
      seed: of a random choice; None chooses them evenly over the split.
    """
    tables = [frames_file(name) for name in files]
    is_here = not any("://" in name for name in files)
    if is_here and all(tf.io.gfile.exists(name) for name in tables):
        found = _indexed(files, tables, most, seed)
    else:
        # From a bucket a stream in order costs less than many small reads.
        _LOGGER.info("The shards beside %s are read whole for their scenes", files[0])
        found = (record for record in records.ordered(files).as_numpy_iterator())
    scenes = [scene for record in found if (scene := _without_crop(record)) is not None]
    return [scenes[place] for place in _chosen(len(scenes), most, seed)]


def _indexed(
    files: Sequence[str], tables: Sequence[str], most: int, seed: int | None
) -> Iterator[bytes]:
    """Yields chosen records; of the others only the frames tables are read."""
    parts = [read_table(name, _COLUMNS) for name in tables]
    table = pa.concat_tables(parts)
    shards = np.repeat(np.arange(len(files), dtype=np.int32), [len(part) for part in parts])
    places = np.flatnonzero(table[frame_columns.SCENE].to_numpy())
    places = places[_chosen(len(places), most, seed)]
    blank = np.zeros(len(shards), np.int32)
    index = ShardIndex(
        tuple(files),
        shards,
        table[frame_columns.OFFSET].to_numpy(),
        table[frame_columns.RECORD_BYTES].to_numpy(),
        blank,
        blank,
    )
    reader = RecordReader(index)
    for begin in range(0, len(places), _READ_TOGETHER):
        yield from reader.read(places[begin : begin + _READ_TOGETHER])


def _chosen(count: int, most: int, seed: int | None) -> list[int]:
    if count <= most:
        return [*range(count)]
    if seed is None:
        return [number * count // most for number in range(most)]
    drawn: list[int] = np.sort(np.random.default_rng(seed).permutation(count)[:most]).tolist()
    return drawn


def _without_crop(record: bytes) -> bytes | None:
    feature = tf.train.Example.FromString(record).features.feature
    if features.SCENE not in feature or not feature[features.SCENE_BOXES].float_list.value:
        return None
    kept = {name: feature[name] for name in _KEPT if name in feature}
    example = tf.train.Example(features=tf.train.Features(feature=kept))
    return bytes(example.SerializeToString(deterministic=True))
