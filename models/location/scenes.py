"""Stored small photos with the boxes of their animals, from Examples, and pictures of them."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models.inputs import threads
from models.inputs.autograph import without_autograph
from models.inputs.preprocessing import cut_jpeg, resize, whole_picture
from models.location.changes import Draws, changed, draws_for
from models.location.targets import MAX_BOXES, Targets, targets_for
from schemas import features

SCENE_SPEC = {
    features.SCENE: tf.io.FixedLenFeature([], tf.string, default_value=""),
    features.SCENE_BOXES: tf.io.VarLenFeature(tf.float32),
}
"""Features of an Example that has a stored frame; others have none of them."""


class Scene(NamedTuple):
    """A stored frame.

    Attributes:
      jpeg: string[].
      boxes: float32[MAX_BOXES, 4], (top, left, bottom, right) as shares of the sides; zeros where
        there are fewer.
    """

    jpeg: tf.Tensor
    boxes: tf.Tensor


def parsed(record: tf.Tensor) -> Scene:
    """Returns the stored frame of a serialised Example, string[]; ``jpeg`` is "" without one."""
    found = tf.io.parse_single_example(record, SCENE_SPEC)
    boxes = tf.reshape(tf.sparse.to_dense(found[features.SCENE_BOXES]), [-1, 4])[:MAX_BOXES]
    boxes = tf.pad(boxes, [[0, MAX_BOXES - tf.shape(boxes)[0]], [0, 0]])
    return Scene(found[features.SCENE], tf.ensure_shape(boxes, [MAX_BOXES, 4]))


def to_learn_from(
    records: Sequence[bytes],
    *,
    resolution: int,
    cells: int,
    batch_size: int,
    negatives: float,
    seed: int,
) -> tf.data.Dataset:
    """Returns the endless stream of changed pictures with their targets.

    Args:
      records: serialised Examples with stored frames.
      resolution: side of the pictures, pixels.
      cells: side of the map.
      batch_size: pictures of a batch.
      negatives: share of pictures without an animal.
      seed: of order and changes, >= 0.

    Returns:
      A dataset of (uint8[batch_size, resolution, resolution, 3], ``Targets``).
    """

    def make(position: tf.Tensor, record: tf.Tensor) -> tuple[tf.Tensor, Targets]:
        scene = parsed(record)
        pixels = decoded(scene.jpeg)
        draws = Draws(draws_for(seed, position), negatives)
        pixels, boxes = changed(pixels, scene.boxes, draws, resolution)
        return pixels, targets_for(boxes, cells)

    def order(number: tf.Tensor) -> tf.data.Dataset:
        places = tf.range(len(records))
        return tf.data.Dataset.from_tensor_slices(
            tf.random.experimental.stateless_shuffle(places, [tf.constant(seed, tf.int64), number])
        )

    def read(place: int) -> bytes:
        return records[int(place)]

    def record_at(place: tf.Tensor) -> tf.Tensor:
        # As a constant of the graph, the records would be copied into it.
        return tf.ensure_shape(tf.numpy_function(read, [place], tf.string, stateful=False), [])

    return threads.untuned(
        tf.data.Dataset.counter()
        .flat_map(without_autograph(order))
        .map(without_autograph(record_at))
        .enumerate()
        .map(without_autograph(make), num_parallel_calls=threads.CORES, deterministic=True)
        .batch(batch_size, drop_remainder=True)
        .prefetch(threads.READY)
    )


def decoded(jpeg: tf.Tensor) -> tf.Tensor:
    """Returns a stored frame as the servable decodes photos: uint8[height, width, 3].

    TensorFlow's default of an inexact cosine transform moved scores by up to 0.003.
    """
    size = tf.cast(tf.io.extract_jpeg_shape(jpeg)[:2], tf.int64)
    return cut_jpeg(jpeg, whole_picture(size))


def as_seen(jpeg: tf.Tensor, resolution: int) -> tf.Tensor:
    """Returns a stored frame as the locator sees it: uint8[resolution, resolution, 3]."""
    return tf.ensure_shape(resize(decoded(jpeg), resolution), [resolution, resolution, 3])
