"""Batches of Examples for training and evaluation, by tf.data.

The records come from ``models.inputs.records``. Every random number is a function of the seed and
of the example's position in the stream, so that a seed gives the same batches on any number of
threads.
"""

from collections.abc import Sequence

import tensorflow as tf

from models.inputs import augmentation, mixup, threads
from models.inputs.autograph import without_autograph
from models.inputs.label_index import LabelIndexer
from models.inputs.preprocessing import PICTURE_SPEC, Preprocessed, preprocess
from models.settings.augmentation import AugmentSettings
from schemas import features
from schemas.errors import ConfigError

_ENCODED, _WINDOW, _LABEL_INDEX, _POSITION, _DRAWS = (
    "encoded",
    "window",
    "label_index",
    "position",
    "draws",
)
"""Components of a training example before its picture is decoded."""


def shard_files(patterns: Sequence[str]) -> list[str]:
    """Returns the files that match the patterns, in order.

    Raises:
      ConfigError: if there are none.
    """
    files = sorted({name for pattern in patterns for name in tf.io.gfile.glob(pattern)})
    if not files:
        raise ConfigError(f"There must be TFRecord shards to read. Received: {list(patterns)}")
    return files


def training_batches(
    records: tf.data.Dataset,
    indexer: LabelIndexer,
    class_weights: Sequence[float],
    *,
    resolution: int,
    batch_size: int,
    augment: AugmentSettings,
    seed: int,
) -> tf.data.Dataset:
    """Returns an endless stream of full batches.

    Batches run across the borders of the epochs: none is short, no example is dropped, and the
    next epoch is being read while the last one is trained on.

    Args:
      records: of ``records.sampled`` or ``records.streamed``, with the same batch size.
      indexer: of the Transform node.
      class_weights: each mood's weight, in label map order.
      resolution: side of the pictures, pixels.
      batch_size: examples a batch.
      augment: random changes to the pictures.
      seed: of the random changes, >= 0.

    Returns:
      A dataset of (pixels uint8[batch_size, resolution, resolution, 3] in 0..255,
      labels float32[batch_size, k], weights float32[batch_size]). Labels are one-hot, or
      mixed with rows that sum to 1.
    """
    augment = augment.scaled()
    weight_of_class = tf.constant(list(class_weights), tf.float32)

    # Small things are done a batch at a time: there an operation costs more to start than to run.
    def parse(positions: tf.Tensor, records: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(records, PICTURE_SPEC | indexer.feature_spec)
        return {
            _ENCODED: parsed[features.IMAGE],
            _WINDOW: parsed[features.WINDOW],
            _LABEL_INDEX: _known_label_indices(indexer(parsed[features.LABEL])),
            _POSITION: positions,
            _DRAWS: augmentation.draws_for(seed, positions[0], batch_size),
        }

    def decode(example: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        window, draws = example[_WINDOW], augmentation.Draws(*tf.unstack(example[_DRAWS]))

        def choose_view(size: tf.Tensor) -> tf.Tensor:
            if not augment.strength:
                return window
            return augmentation.random_view(window, draws, size, augment)

        pixels = _pixels(preprocess(example[_ENCODED], choose_view, resolution))
        if augment.strength:
            pixels = augmentation.augment(pixels, draws, augment)
        return pixels, example[_LABEL_INDEX], example[_POSITION]

    def mix(
        pixels: tf.Tensor, label_indices: tf.Tensor, positions: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        labels = tf.one_hot(label_indices, len(class_weights))
        # A different seed from those of the examples, so that the draws are independent.
        batch_seed = tf.stack([tf.constant(seed + 2**32, tf.int64), positions[0]])
        pixels, labels = mixup.mixup_or_cutmix(pixels, labels, batch_seed, augment)
        return with_sample_weights(pixels, labels, weight_of_class)

    return threads.untuned(
        records.map(without_autograph(parse), num_parallel_calls=threads.FEW)
        .unbatch()
        .map(without_autograph(decode), num_parallel_calls=threads.CORES)
        .batch(batch_size, drop_remainder=True)
        .map(without_autograph(mix), num_parallel_calls=threads.FEW)
        .prefetch(threads.READY)
    )


def with_sample_weights(
    pixels: tf.Tensor, labels: tf.Tensor, class_weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Adds the examples' weights; each mood in a mixed label counts by its own weight.

    The cross-entropy of a label with the share a of one mood and b of another shall be
    ``a * w1 * -log(p1) + b * w2 * -log(p2)``. With ``w = a * w1 + b * w2`` that is the weight w
    times the cross-entropy of the label ``(a * w1 / w, b * w2 / w)``. A one-hot label stays.

    Args:
      pixels: passed on.
      labels: float32[n, k], rows summing to 1.
      class_weights: float32[k].

    Returns:
      (pixels, labels float32[n, k] with rows that sum to 1, weights float32[n]).
    """
    weighted = labels * class_weights
    sample_weights = tf.reduce_sum(weighted, axis=1)
    return pixels, weighted / sample_weights[:, tf.newaxis], sample_weights


def evaluation_batches(
    records: tf.data.Dataset,
    indexer: LabelIndexer,
    num_classes: int,
    *,
    resolution: int,
    batch_size: int,
) -> tf.data.Dataset:
    """Returns batches with every record once, in their order; the last may be short.

    Args:
      records: of ``records.ordered`` or ``records.selected``.
      indexer: of the Transform node.
      num_classes: moods in the label map.
      resolution: side of the pictures, pixels.
      batch_size: examples a batch.

    Returns:
      A dataset of (pixels uint8[n, resolution, resolution, 3] in 0..255, one-hot labels
      float32[n, num_classes]). There are no weights: in the metrics all examples count alike.
    """

    def decode(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_single_example(record, PICTURE_SPEC | indexer.feature_spec)
        window = parsed[features.WINDOW]
        preprocessed = preprocess(parsed[features.IMAGE], lambda size: window, resolution)
        return _pixels(preprocessed), parsed[features.LABEL]

    def encode_labels(
        pixels: tf.Tensor, names: tf.Tensor | tf.SparseTensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return pixels, tf.one_hot(_known_label_indices(indexer(names)), num_classes)

    return threads.untuned(
        records.map(without_autograph(decode), num_parallel_calls=threads.CORES, deterministic=True)
        .batch(batch_size)
        .map(without_autograph(encode_labels))
        .prefetch(threads.READY)
    )


def _pixels(preprocessed: Preprocessed) -> tf.Tensor:
    """Returns the pixels; fails on a window outside the crop, which the ingest never writes."""
    check = tf.debugging.Assert(
        preprocessed.inside, ["The window must lie within the stored crop."]
    )
    with tf.control_dependencies([check]):
        return tf.identity(preprocessed.pixels)


def _known_label_indices(label_indices: tf.Tensor) -> tf.Tensor:
    """Returns the indices; fails where one is that of an unknown label, below 0."""
    check = tf.debugging.assert_non_negative(
        label_indices, message="Every label must be in the label map that Transform was given."
    )
    with tf.control_dependencies([check]):
        return tf.identity(label_indices)
