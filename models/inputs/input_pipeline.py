"""Examples into batches for training and evaluation, by tf.data.

Records stay JPEG through reading and shuffling; what the decoder makes is 10 to 50 times
larger. Every draw is a function of the seed and of the example's place in the stream, so that
a seed gives the same batches on any number of threads.
"""

from collections.abc import Sequence

import tensorflow as tf

from models.inputs import augmentation, mixup
from models.inputs.label_index import LabelIndexer
from models.inputs.preprocessing import PICTURE_SPEC, Preprocessed, preprocess
from models.settings import AugmentSettings
from schemas import features
from schemas.errors import ConfigError

# AutoGraph has nothing to convert here, and takes seconds a dataset to find that out.
_as_written = tf.autograph.experimental.do_not_convert

_ENCODED, _WINDOW, _MOOD, _PLACE, _DRAWS = "encoded", "window", "mood", "place", "draws"
"""What is known of a training example before its picture is decoded."""

_OPEN_SHARDS = 16
"""Shards read at a time: neighbours in a shard are frames of one clip."""


def shard_files(patterns: Sequence[str]) -> list[str]:
    """Returns the files that the patterns name, in order.

    Raises:
      ConfigError: if there are none.
    """
    files = sorted({name for pattern in patterns for name in tf.io.gfile.glob(pattern)})
    if not files:
        raise ConfigError(f"There must be TFRecord shards to read. Received: {list(patterns)}")
    return files


def training_batches(
    files: Sequence[str],
    indexer: LabelIndexer,
    class_weights: Sequence[float],
    *,
    resolution: int,
    batch_size: int,
    shuffle_buffer: int,
    augment: AugmentSettings,
    seed: int,
    total: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Returns an endless stream of full batches.

    The stream is one pass over the examples after another, each in its own order and each
    with every example once. Batches run across the passes' borders: none is short, no
    example is dropped, and the next pass is being read while the last one is trained on.
    What comes at a place of it depends on the shards' content, their order and the seed alone.

    Args:
      files: TFRecord shards.
      indexer: of the Transform node.
      class_weights: each mood's weight, in label map order.
      resolution: side of the pictures, pixels.
      batch_size: examples a batch.
      shuffle_buffer: records that the shuffle holds.
      augment: random changes to the pictures.
      seed: of the order and the draws, >= 0.
      total: examples in the shards.
      start: batches of the stream to begin after; they are neither decoded nor, but for those
        of the pass that is under way, read.

    Returns:
      A dataset of (pixels uint8[batch_size, resolution, resolution, 3] in 0..255,
      moods float32[batch_size, moods], weights float32[batch_size]). Moods are one-hot, or
      mixed with rows that sum to 1.
    """
    augment = augment.scaled()
    mood_weights = tf.constant(list(class_weights), tf.float32)

    # What is small is done a batch at a time: an operation costs more than what it computes there.
    def front(places: tf.Tensor, records: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(records, PICTURE_SPEC | indexer.feature_spec)
        return {
            _ENCODED: parsed[features.IMAGE],
            _WINDOW: parsed[features.WINDOW],
            _MOOD: _known_label_indices(indexer(parsed[features.LABEL])),
            _PLACE: places,
            _DRAWS: augmentation.draws_for(seed, places[0], batch_size),
        }

    def picture(row: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        window = row[_WINDOW]
        if not augment.strength:
            seen = preprocess(row[_ENCODED], lambda size: window, resolution)
            return _pixels(seen), row[_MOOD], row[_PLACE]
        draws = augmentation.Draws(*tf.unstack(row[_DRAWS]))
        seen = preprocess(
            row[_ENCODED],
            lambda size: augmentation.random_view(window, draws, size, augment),
            resolution,
        )
        return augmentation.augment(_pixels(seen), draws, augment), row[_MOOD], row[_PLACE]

    def targets(
        pixels: tf.Tensor, index: tf.Tensor, places: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        moods = tf.one_hot(index, len(class_weights))
        # Not the seeds of the examples, lest one's draws decide for the batch too.
        batch_seed = tf.stack([tf.constant(seed + 2**32, tf.int64), places[0]])
        return with_sample_weights(
            *mixup.mixup_or_cutmix(pixels, moods, batch_seed, augment), mood_weights
        )

    place = start * batch_size
    return (
        shuffled_records(files, shuffle_buffer, seed, first_pass=place // total)
        .skip(place % total)
        .enumerate(place)
        .batch(batch_size, drop_remainder=True)
        .map(_as_written(front), num_parallel_calls=tf.data.AUTOTUNE)
        .unbatch()
        .map(_as_written(picture), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .map(_as_written(targets), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def with_sample_weights(
    pixels: tf.Tensor, moods: tf.Tensor, mood_weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Adds the examples' weights, such that each mood in a mixed label counts by its own.

    The cross-entropy of a label that is a of one mood and b of another shall be
    ``a * w1 * -log(p1) + b * w2 * -log(p2)``. With ``w = a * w1 + b * w2`` that is the weight w
    times the cross-entropy of the label ``(a * w1 / w, b * w2 / w)``. A one-hot label stays.

    Args:
      pixels: passed on.
      moods: float32[n, k], rows summing to 1.
      mood_weights: float32[k].

    Returns:
      (pixels, moods float32[n, k] with rows that sum to 1, weights float32[n]).
    """
    parts = moods * mood_weights
    weights = tf.reduce_sum(parts, axis=1)
    return pixels, parts / weights[:, tf.newaxis], weights


def shuffled_records(
    files: Sequence[str], shuffle_buffer: int, seed: int, first_pass: int = 0
) -> tf.data.Dataset:
    """Returns an endless stream of serialized Examples, one shuffled pass after another.

    Args:
      files: TFRecord shards; each pass opens them in another order.
      shuffle_buffer: records that are held and drawn from.
      seed: of the orders, >= 0.
      first_pass: number of the pass that it begins with.
    """

    def one_pass(number: tf.Tensor) -> tf.data.Dataset:
        # The seed of this graph alone. Without it TensorFlow mixes the process's into the order,
        # and fails where that is 0 (2.16: it compares tensors with (0, 0)).
        tf.random.set_seed(1)
        order = tf.random.experimental.stateless_shuffle(
            tf.constant(list(files)), [tf.constant(seed, tf.int64), number]
        )
        return (
            tf.data.Dataset.from_tensor_slices(order)
            .interleave(
                tf.data.TFRecordDataset,
                cycle_length=min(len(files), _OPEN_SHARDS),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
            .shuffle(shuffle_buffer, seed=seed + number, reshuffle_each_iteration=False)
        )

    return tf.data.Dataset.counter(first_pass).flat_map(_as_written(one_pass))


def evaluation_batches(
    files: Sequence[str],
    indexer: LabelIndexer,
    classes: int,
    *,
    resolution: int,
    batch_size: int,
) -> tf.data.Dataset:
    """Returns every example once, in the order of the files, the last batch maybe short.

    Args:
      files: TFRecord shards.
      indexer: of the Transform node.
      classes: moods in the label map.
      resolution: side of the pictures, pixels.
      batch_size: examples a batch.

    Returns:
      A dataset of (pixels uint8[n, resolution, resolution, 3] in 0..255, one-hot moods
      float32[n, classes]). There are no weights: what is measured counts examples alike.
    """

    def example(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_single_example(record, PICTURE_SPEC | indexer.feature_spec)
        window = parsed[features.WINDOW]
        seen = preprocess(parsed[features.IMAGE], lambda size: window, resolution)
        return _pixels(seen), parsed[features.LABEL]

    def targets(
        pixels: tf.Tensor, labels: tf.Tensor | tf.SparseTensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return pixels, tf.one_hot(_known_label_indices(indexer(labels)), classes)

    return (
        tf.data.TFRecordDataset(list(files))
        .map(_as_written(example), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(batch_size)
        .map(_as_written(targets))
        .prefetch(tf.data.AUTOTUNE)
    )


def _pixels(seen: Preprocessed) -> tf.Tensor:
    """Returns the pixels; fails on a window outside the crop, which the ingest never writes."""
    check = tf.debugging.Assert(seen.inside, ["The window must lie within the stored crop."])
    with tf.control_dependencies([check]):
        return tf.identity(seen.pixels)


def _known_label_indices(index: tf.Tensor) -> tf.Tensor:
    check = tf.debugging.assert_non_negative(
        index, message="Every label must be in the label map that Transform was given."
    )
    with tf.control_dependencies([check]):
        return tf.identity(index)
