"""From the locator's map to boxes with scores."""

from typing import NamedTuple

import tensorflow as tf

from models.location.targets import boxes_of

_NEIGHBOURS = 3
"""Cells along an axis among which only the best is a peak, as in "Objects as Points"."""


class Located(NamedTuple):
    """Places of animals, the best first.

    Attributes:
      boxes: float32[n, k, 4], (top, left, bottom, right) as shares of the picture's sides, in
        0..1; an area of 0 is possible.
      scores: float32[n, k] in 0..1, falling; 0 where there are fewer peaks.
    """

    boxes: tf.Tensor
    scores: tf.Tensor


def peaks(located: tf.Tensor, count: int = 1) -> Located:
    """Returns the best places of each map.

    The score of a cell is the sigmoid of channel 0. The cell's box ends at the distances of the
    channels 1 to 4 (top, left, bottom, right, in shares of the picture's sides) from the middle of
    the cell, and is cut at the picture's edges. A peak is a cell with no better neighbour.

    Args:
      located: float32[n, g, g, 5].
      count: places of each picture, k.
    """
    scores = tf.sigmoid(located[..., 0])
    highest = tf.nn.max_pool2d(scores[..., tf.newaxis], _NEIGHBOURS, 1, "SAME")[..., 0]
    batch, cells = tf.shape(located)[0], located.shape[1]
    is_peak = tf.reshape(scores >= highest, [batch, cells * cells])
    scores = tf.where(is_peak, tf.reshape(scores, [batch, cells * cells]), 0.0)
    best, places = tf.math.top_k(scores, count)
    boxes = tf.reshape(boxes_of(located), [batch, cells * cells, 4])
    return Located(tf.clip_by_value(tf.gather(boxes, places, batch_dims=1), 0.0, 1.0), best)


def pixel_boxes(boxes: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Returns boxes in whole pixels of photos, int64[..., 4] (y, x, height, width).

    Each side is rounded to the nearest pixel; a box has at least one pixel, within the photo.

    Args:
      boxes: float32[..., 4], (top, left, bottom, right) in 0..1.
      sizes: int64[..., 2], height and width of the photos, at least 1.
    """
    scale = tf.cast(tf.concat([sizes, sizes], axis=-1), tf.float64)
    ends = tf.cast(tf.round(tf.cast(boxes, tf.float64) * scale), tf.int64)
    begin = tf.clip_by_value(ends[..., :2], 0, sizes - 1)
    end = tf.minimum(tf.maximum(ends[..., 2:], begin + 1), sizes)
    return tf.concat([begin, end - begin], axis=-1)
