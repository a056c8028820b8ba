"""Index of a split's records: where each lies, its clip and its mood, without reading a picture.

The ingest writes it, as columns of the frames table that lies beside the shards. Examples of
another origin have no such table, and are read once to make the index.
"""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from models.inputs import threads
from models.inputs.autograph import without_autograph
from models.inputs.label_index import LabelIndexer
from models.transform import UNKNOWN
from schemas import features, frame_columns
from schemas.errors import ConfigError
from schemas.splits import frames_file
from system.arrow import pa
from system.parquet import read_table

_LOGGER = logging.getLogger(__name__)

_BATCH = 1024
_COLUMNS = (
    frame_columns.OFFSET,
    frame_columns.RECORD_BYTES,
    frame_columns.CLIP,
    frame_columns.LABEL,
)


@dataclasses.dataclass(frozen=True)
class ShardIndex:
    """The records of a split, in the order of its shards; 24 bytes each.

    Attributes:
      files: TFRecord shards, uncompressed.
      shards: int32[n], number of each record's shard.
      offsets: int64[n], where the record's frame begins in the shard, bytes.
      sizes: int32[n], of the serialised Examples, bytes.
      clips: int32[n], number of each record's clip, 0 or more.
      label_indices: int32[n], of each record's mood.
    """

    files: tuple[str, ...]
    shards: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]
    clips: npt.NDArray[np.int32]
    label_indices: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.shards)

    def label_counts(self, num_classes: int) -> list[int]:
        """Returns the examples of each mood, in label map order."""
        counts: list[int] = np.bincount(self.label_indices, minlength=num_classes).tolist()
        return counts


def load(files: Sequence[str], indexer: LabelIndexer) -> ShardIndex:
    """Returns the index of a split.

    Args:
      files: TFRecord shards, uncompressed.
      indexer: of the Transform node.

    Raises:
      ConfigError: if a label is not in the label map, or a shard and its frames table do not
        belong together.
    """
    tables = [frames_file(name) for name in files]
    if all(tf.io.gfile.exists(name) for name in tables):
        index = _from_tables(files, tables, indexer)
    else:
        _LOGGER.info("There are no frames tables beside %s: its shards are read once", files[0])
        index = _from_records(files, indexer)
    unknown = int((index.label_indices == UNKNOWN).sum())
    if unknown:
        raise ConfigError(
            f"Every label must be in the label map. Received: {unknown} of {len(index)} examples "
            f"in {files[0]} and its sister shards have another. "
            "Run the ingest and Transform with the same label map"
        )
    return index


def _from_tables(files: Sequence[str], tables: Sequence[str], indexer: LabelIndexer) -> ShardIndex:
    """Reads the frames tables; of the shards only the sizes are looked at."""
    parts = [read_table(name, _COLUMNS) for name in tables]
    for file, part in zip(files, parts, strict=True):
        _check_size(file, part)
    table = pa.concat_tables(parts)
    clips, _ = _factorized(table[frame_columns.CLIP])
    label_numbers, labels = _factorized(table[frame_columns.LABEL])
    indices = np.array([*indexer.indices_of(labels).values()], np.int32)
    return ShardIndex(
        tuple(files),
        np.repeat(np.arange(len(files), dtype=np.int32), [len(part) for part in parts]),
        table[frame_columns.OFFSET].to_numpy(),
        table[frame_columns.RECORD_BYTES].to_numpy(),
        clips,
        indices[label_numbers],
    )


def _check_size(file: str, table: pa.Table) -> None:
    end = 0
    if len(table):
        last = table.slice(len(table) - 1).to_pylist()[0]
        payload = last[frame_columns.OFFSET] + last[frame_columns.RECORD_BYTES]
        end = payload + frame_columns.RECORD_OVERHEAD
    length = tf.io.gfile.stat(file).length
    if length != end:
        raise ConfigError(
            f"A shard must be as long as its frames table says, {end} bytes. "
            f"Received: {file} with {length} bytes. "
            "Remove the folder of results that it lies in, and run again"
        )


def _factorized(column: Any) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Returns a number for each value of a text column, int32[n], and the texts by number."""
    encoded = column.combine_chunks().dictionary_encode()
    chunk = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    return chunk.indices.to_numpy(), chunk.dictionary.to_pylist()


def _from_records(files: Sequence[str], indexer: LabelIndexer) -> ShardIndex:
    """Reads every record once and decodes no picture; a record without a clip is its own."""
    clip_spec = {features.CLIP: tf.io.FixedLenFeature([], tf.string, default_value="")}
    spec = indexer.feature_spec | clip_spec

    def parse(shards: tf.Tensor, records: tf.Tensor) -> tuple[tf.Tensor, ...]:
        parsed = tf.io.parse_example(records, spec)
        labels = tf.cast(indexer(parsed[features.LABEL]), tf.int32)
        return shards, tf.strings.length(records), parsed[features.CLIP], labels

    def records_of(shard: tf.Tensor, file: tf.Tensor) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(file).map(without_autograph(lambda record: (shard, record)))

    parsed = (
        tf.data.Dataset.from_tensor_slices((np.arange(len(files), dtype=np.int32), list(files)))
        .interleave(records_of, cycle_length=4, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(_BATCH)
        .map(without_autograph(parse), num_parallel_calls=threads.FEW)
    )
    batches = list(threads.untuned(parsed).as_numpy_iterator())
    if not batches:
        empty = np.zeros([0], np.int32)
        return ShardIndex(tuple(files), empty, empty.astype(np.int64), empty, empty, empty)
    shards, sizes, names, labels = map(np.concatenate, zip(*batches, strict=True))
    order = np.argsort(shards, kind="stable")  # Within a shard the records came in order.
    shards, sizes, names, labels = shards[order], sizes[order], names[order], labels[order]
    return ShardIndex(
        tuple(files), shards, _offsets(shards, sizes), sizes, _clip_numbers(names), labels
    )


def _offsets(shards: npt.NDArray[np.int32], sizes: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    ends = np.cumsum(sizes.astype(np.int64) + frame_columns.RECORD_OVERHEAD)
    begins = ends - sizes - frame_columns.RECORD_OVERHEAD
    is_first = np.diff(shards, prepend=-1) != 0
    first_of = np.maximum.accumulate(np.where(is_first, np.arange(len(shards)), 0))
    offsets: npt.NDArray[np.int64] = begins - begins[first_of]
    return offsets


def _clip_numbers(names: npt.NDArray[np.object_]) -> npt.NDArray[np.int32]:
    numbers, clips = pd.factorize(names)
    is_nameless = names == b""
    numbers[is_nameless] = len(clips) + np.arange(is_nameless.sum())
    result: npt.NDArray[np.int32] = numbers.astype(np.int32)
    return result
