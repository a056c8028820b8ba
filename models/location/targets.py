"""What the locator's map should be for a picture's boxes, and the loss of a map against it."""

from typing import NamedTuple

import tensorflow as tf

MAX_BOXES = 8
"""Boxes of a picture that are taught, at most."""

_HEAT_SPREAD, _BOX_SPREAD = 0.09, 0.2
"""Standard deviations of a centre's Gaussians as shares of the box's side: of the heat (alpha / 6
with the 0.54 of Zili Liu et al., "Training-Time-Friendly Network for Real-Time Object Detection"
(2020), https://arxiv.org/abs/1909.00700), and of the weights by which cells learn the box. As
there, every cell under the Gaussian learns the box, and not the centre's alone. The map has
few cells, and the best of them is often a neighbour of the centre's: it must know the box too."""
_LEAST_HEAT, _LEAST_BOX = 0.5, 0.75
"""The same in cells, at least: a small animal has cells of its own even so."""
_MODULATION = 2.0
"""Exponent of the quality focal loss, beta of Xiang Li et al., "Generalized Focal Loss" (2020),
https://arxiv.org/abs/2006.04388, section 3."""
_LEAST_WEIGHT = 0.1
_BOX_WEIGHT = 5.0
"""As in the first article: a box that is nearly right is worth as much as a score."""
_CLOSE = 1e-7


class Targets(NamedTuple):
    """What a map should be.

    Attributes:
      heat: float32[..., g, g] in 0..1, 1 in the cell of each box's centre.
      boxes: float32[..., g, g, 4], (top, left, bottom, right) of the cell's box, as shares of the
        picture's sides.
      weights: float32[..., g, g], of the cell in the loss of boxes; 0 where it has none.
      count: float32[...], boxes.
    """

    heat: tf.Tensor
    boxes: tf.Tensor
    weights: tf.Tensor
    count: tf.Tensor


def targets_for(boxes: tf.Tensor, cells: int) -> Targets:
    """Returns the targets of one picture.

    Args:
      boxes: float32[MAX_BOXES, 4], (top, left, bottom, right) as shares of the sides; a box
        without an area is none.
      cells: side of the map, g.
    """
    sides = tf.maximum(boxes[:, 2:] - boxes[:, :2], 0.0) * cells
    is_box = (tf.reduce_min(sides, axis=1) > 0)[:, tf.newaxis, tf.newaxis]
    middles = tf.range(cells, dtype=tf.float32) + 0.5
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 * cells
    far = tf.square(middles - centres[..., tf.newaxis])
    # From the nearest cell, so that its own heat is exactly 1.
    far -= tf.reduce_min(far, axis=-1, keepdims=True)
    heats = tf.where(is_box, _gaussian(far, tf.maximum(sides * _HEAT_SPREAD, _LEAST_HEAT)), 0.0)
    weights = _gaussian(far, tf.maximum(sides * _BOX_SPREAD, _LEAST_BOX))
    weights = tf.where(is_box & (weights >= _LEAST_WEIGHT), weights, 0.0)
    # Where two meet, a cell belongs to the nearer, and then to the smaller one.
    areas = tf.reduce_prod(sides, axis=1)
    order = weights - 1e-6 * areas[:, tf.newaxis, tf.newaxis] / float(cells * cells)
    owner = tf.argmax(order, axis=0)
    return Targets(
        tf.reduce_max(tf.where(heats < _CLOSE, 0.0, heats), axis=0),
        tf.gather(boxes, owner),
        tf.reduce_max(weights, axis=0),
        tf.reduce_sum(tf.cast(is_box, tf.float32)),
    )


def _gaussian(far: tf.Tensor, spread: tf.Tensor) -> tf.Tensor:
    """Returns float32[n, g, g] of squared distances along both axes, [n, 2, g], and [n, 2]."""
    shares = far / tf.square(spread)[..., tf.newaxis] / 2
    return tf.exp(-(shares[:, 0, :, tf.newaxis] + shares[:, 1, tf.newaxis, :]))


def boxes_of(located: tf.Tensor) -> tf.Tensor:
    """Returns each cell's box, (top, left, bottom, right) as shares of the sides, uncut.

    Args:
      located: float32[..., g, g, 5], see ``models.location.network``.
    """
    cells = located.shape[-2]
    middle = (tf.range(cells, dtype=tf.float32) + 0.5) / cells
    y, x = tf.meshgrid(middle, middle, indexing="ij")
    centre = tf.stack([y, x], axis=-1)
    return tf.concat([centre - located[..., 1:3], centre + located[..., 3:5]], axis=-1)


def loss(located: tf.Tensor, targets: Targets) -> tf.Tensor:
    """Returns the batch's loss, float32[]: quality focal for the heat, generalised IoU for boxes.

    Hamid Rezatofighi et al., "Generalized Intersection over Union" (2019),
    https://arxiv.org/abs/1902.09630.
    """
    logits, heat = located[..., 0], targets.heat
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=heat, logits=logits)
    off = tf.pow(tf.abs(heat - tf.sigmoid(logits)), _MODULATION)
    # Normalised by the pictures: one without an animal counts as much as one with an animal.
    heat_loss = tf.reduce_sum(off * entropy) / tf.cast(tf.shape(heat)[0], tf.float32)
    overlap = generalised_iou(boxes_of(located), targets.boxes)
    total = tf.maximum(tf.reduce_sum(targets.weights), 1e-3)
    box_loss = tf.reduce_sum(targets.weights * (1 - overlap)) / total
    return heat_loss + _BOX_WEIGHT * box_loss


def generalised_iou(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns the generalised intersection over union, float32[...] in (-1, 1].

    Args:
      first: float32[..., 4], (top, left, bottom, right).
      second: likewise.
    """
    begin, end = (
        tf.maximum(first[..., :2], second[..., :2]),
        tf.minimum(first[..., 2:], second[..., 2:]),
    )
    shared = tf.reduce_prod(tf.maximum(end - begin, 0.0), axis=-1)
    union = _area(first) + _area(second) - shared
    hull_begin = tf.minimum(first[..., :2], second[..., :2])
    hull_end = tf.maximum(first[..., 2:], second[..., 2:])
    hull = tf.reduce_prod(hull_end - hull_begin, axis=-1)
    return shared / (union + _CLOSE) - (hull - union) / (hull + _CLOSE)


def _area(boxes: tf.Tensor) -> tf.Tensor:
    return tf.reduce_prod(tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
