"""Streams of serialised Examples: drawn at random, through a shuffle buffer, or in order.

Records stay JPEG; decoded pictures are 10 to 50 times larger.
docs/decisions/0028-records-in-any-order.md says which stream is for which storage.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.clip_sampler import ClipSampler, Ints
from models.inputs.label_index import LabelIndexer
from models.inputs.record_reader import RecordReader, Records
from models.inputs.shard_index import ShardIndex
from models.settings.training import TrainSettings
from models.settings.training_choices import RANDOM, STREAM
from schemas import features

_OPEN_SHARDS = 16
"""Shards that ``streamed`` reads at a time: neighbours in a shard are frames of one clip."""
_SHARDS_AHEAD = 8
_RECORDS_IN_TURN = 16
"""Of each of the shards that ``ordered`` reads at a time."""
_READERS = 8
"""Batches that ``sampled`` reads at a time: a network file system takes a millisecond a record."""
_READ_TOGETHER = 64
"""Records that ``selected`` reads by one call."""


def reads_at_random(settings: TrainSettings, files: Sequence[str]) -> bool:
    """Returns whether a training takes its records from ``sampled``, not from ``streamed``."""
    if settings.reading == STREAM:
        return False
    is_remote = any("://" in name for name in files)
    return settings.reading == RANDOM or settings.is_sampled or not is_remote


def sampled(
    index: ShardIndex,
    sampler: ClipSampler,
    indexer: LabelIndexer,
    *,
    batch_size: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Returns the endless stream of a sampler's examples; nothing before ``start`` is read.

    No record is held but those of the batches that are being read, and a batch is a function of
    its number alone, so that it does not matter how many threads read.

    Args:
      index: of shards on this machine.
      sampler: over the index.
      indexer: of the Transform node; the records' moods are compared with the index's.
      batch_size: examples a batch.
      start: batches of the stream to leave out.

    Returns:
      A dataset of (positions int64[batch_size], records string[batch_size]).
    """
    reader = RecordReader(index)

    def read(number: Ints) -> tuple[Ints, Records, npt.NDArray[np.int32]]:
        first = int(number) * batch_size
        examples = sampler.examples(first, batch_size)
        positions = np.arange(first, first + batch_size)
        return positions, reader.read(examples), index.label_indices[examples]

    def read_batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parts = tf.numpy_function(read, [number], [tf.int64, tf.string, tf.int32], stateful=False)
        positions, records, label_indices = (tf.ensure_shape(part, [batch_size]) for part in parts)
        parsed = tf.io.parse_example(records, indexer.feature_spec)
        check = tf.debugging.assert_equal(
            tf.cast(indexer(parsed[features.LABEL]), tf.int32),
            label_indices,
            message="A shard's labels must be those of its frames table and the label map.",
        )
        with tf.control_dependencies([check]):
            return positions, tf.identity(records)

    return tf.data.Dataset.range(start, tf.int64.max).map(
        without_autograph(read_batch), num_parallel_calls=_READERS, deterministic=True
    )


def streamed(
    files: Sequence[str],
    *,
    shuffle_buffer: int,
    seed: int,
    total: int,
    batch_size: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Returns an endless stream, one shuffled pass over all records after another.

    Args:
      files: TFRecord shards; each pass opens them in another order.
      shuffle_buffer: records that are held and drawn from.
      seed: of the orders, >= 0.
      total: records in the shards.
      batch_size: examples a batch.
      start: batches of the stream to leave out; those of the pass under way are read.

    Returns:
      A dataset of (positions int64[batch_size], records string[batch_size]).
    """
    first = start * batch_size
    return (
        shuffled_records(files, shuffle_buffer, seed, first_pass=first // total)
        .skip(first % total)
        .enumerate(first)
        .batch(batch_size, drop_remainder=True)
    )


def shuffled_records(
    files: Sequence[str], shuffle_buffer: int, seed: int, first_pass: int = 0
) -> tf.data.Dataset:
    """Returns an endless stream of serialised Examples, one shuffled pass after another.

    Args:
      files: TFRecord shards; each pass opens them in another order.
      shuffle_buffer: records that are held and drawn from.
      seed: of the orders, >= 0.
      first_pass: number of the pass that the stream begins with.
    """

    def one_pass(number: tf.Tensor) -> tf.data.Dataset:
        # The seed of this graph alone. Without it TensorFlow mixes the process's into the order,
        # and fails where that is 0 (2.16: it compares tensors with (0, 0)).
        tf.random.set_seed(1)
        shuffled_files = tf.random.experimental.stateless_shuffle(
            tf.constant(list(files)), [tf.constant(seed, tf.int64), number]
        )
        return (
            tf.data.Dataset.from_tensor_slices(shuffled_files)
            .interleave(
                tf.data.TFRecordDataset,
                cycle_length=min(len(files), _OPEN_SHARDS),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
            .shuffle(shuffle_buffer, seed=seed + number, reshuffle_each_iteration=False)
        )

    return tf.data.Dataset.counter(first_pass).flat_map(without_autograph(one_pass))


def ordered(files: Sequence[str]) -> tf.data.Dataset:
    """Returns all records once, string[], in an order that depends on the shards alone.

    Several shards are read at a time, some records of each in turn: from a bucket one stream
    brings less than a network can predict.

    Args:
      files: TFRecord shards.
    """
    return tf.data.Dataset.from_tensor_slices(list(files)).interleave(
        tf.data.TFRecordDataset,
        cycle_length=min(len(files), _SHARDS_AHEAD),
        block_length=_RECORDS_IN_TURN,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def selected(index: ShardIndex, examples: Ints) -> tf.data.Dataset:
    """Returns some records, string[], in the given order.

    Args:
      index: of shards on this machine.
      examples: int64[n], positions in the index.
    """
    reader = RecordReader(index)

    def read(begin: Ints) -> Records:
        return reader.read(examples[int(begin) : int(begin) + _READ_TOGETHER])

    def read_together(begin: tf.Tensor) -> tf.Tensor:
        records = tf.numpy_function(read, [begin], tf.string, stateful=False)
        return tf.ensure_shape(records, [None])

    return (
        tf.data.Dataset.range(0, len(examples), _READ_TOGETHER)
        .map(without_autograph(read_together), num_parallel_calls=_READERS, deterministic=True)
        .unbatch()
    )
