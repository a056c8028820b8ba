"""Preprocessing of a request's rows in parallel, where each may fail for itself."""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.prepared_photo import Outcome, PreparedPhoto

CHUNK_SIZE = 64
"""Pictures that are decoded and given to the network at a time."""

PreprocessRow = Callable[..., PreparedPhoto]
"""Returns the picture of one row: from the row's tensors, and from ``in_parallel``, whether it
runs for several rows at the same time. An operation in it may fail."""

_PARALLEL_DECODES = 16


def preprocessed(
    columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow, resolution: int
) -> tuple[tf.Tensor, PreparedPhoto]:
    """Preprocesses the rows in parallel, then those put off one by one; drops each that fails.

    Returns:
      int32[m], the indices of the rows that did not fail, and their photos, stacked.
    """
    indices = tf.range(count)
    indices, photos = _preprocess_at(
        indices, columns, partial(preprocess_row, in_parallel=True), resolution, _PARALLEL_DECODES
    )
    is_put_off = tf.equal(photos.outcome, int(Outcome.TOO_LARGE_FOR_PARALLEL))

    def with_put_off() -> tuple[tf.Tensor, PreparedPhoto]:
        later = tf.boolean_mask(indices, is_put_off)
        rows = [tf.gather(column, later) for column in columns]
        more = _preprocess_at(
            later, rows, partial(preprocess_row, in_parallel=False), resolution, None
        )
        done = tf.nest.map_structure(
            lambda one: tf.boolean_mask(one, ~is_put_off), (indices, photos)
        )
        return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), done, more)

    return tf.cond(tf.reduce_any(is_put_off), with_put_off, lambda: (indices, photos))


def at_places(
    indices: tf.Tensor, photos: PreparedPhoto, count: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the outcomes int32[count] and boxes int64[count, 4] of rows, some of which failed.

    Args:
      indices: int32[m], of the rows that did not fail.
      photos: of these rows.
      count: of all rows.
    """
    at = indices[:, tf.newaxis]
    outcomes = tf.tensor_scatter_nd_update(
        tf.fill([count], int(Outcome.UNREADABLE)), at, photos.outcome
    )
    return outcomes, tf.scatter_nd(at, photos.box, [count, 4])


def _preprocess_at(
    indices: tf.Tensor,
    columns: Sequence[tf.Tensor],
    preprocess_row: Callable[..., PreparedPhoto],
    resolution: int,
    parallel_calls: int | None,
) -> tuple[tf.Tensor, PreparedPhoto]:
    """Preprocesses rows and drops each that fails.

    Args:
      indices: int32[n], of the rows.
      columns: tensors [n, ...].
      preprocess_row: gets a row of the columns; an operation in it may fail.
      resolution: side of the pictures, pixels.
      parallel_calls: rows at a time; None is one.

    Returns:
      As ``preprocessed``.
    """

    def preprocess_indexed(index: tf.Tensor, *row: tf.Tensor) -> tuple[tf.Tensor, PreparedPhoto]:
        return index, preprocess_row(*row)

    # Appended, and cut off below: a dataset without elements cannot be turned into tensors.
    blank = PreparedPhoto(
        tf.zeros([resolution, resolution, 3], tf.uint8), tf.constant(0), tf.zeros([4], tf.int64)
    )
    readable = (
        tf.data.Dataset.from_tensor_slices((indices, *columns))
        .map(
            without_autograph(preprocess_indexed),
            num_parallel_calls=parallel_calls,
            deterministic=None if parallel_calls is None else True,
        )
        .ignore_errors()
        .concatenate(tf.data.Dataset.from_tensors((tf.constant(-1), blank)))
        .batch(CHUNK_SIZE + 1)
    )
    indices, photos = readable.with_options(_options()).get_single_element()
    return indices[:-1], PreparedPhoto(*(part[:-1] for part in photos))


def _options() -> tf.data.Options:
    """Returns options without the rewriting and tuning that pay only for a long pipeline."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
