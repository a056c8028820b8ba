"""What the locator's map should be for a picture's boxes, and the loss of a map against it."""

from typing import NamedTuple

import tensorflow as tf

MAX_BOXES = 8
"""Boxes of a picture that are taught, at most."""

_SPREAD = 0.54 / 6
"""Standard deviation of a centre's Gaussian as a share of the box's side: alpha = 0.54 of Zili Liu
et al., "Training-Time-Friendly Network for Real-Time Object Detection" (2020),
https://arxiv.org/abs/1909.00700. As there, every cell under the Gaussian learns the box, weighted
by it, and not the centre's alone: that converges several times sooner."""
_LEAST_SPREAD = 0.35
"""In cells: a small animal has a cell of its own even so."""
_MODULATION, _NEGATIVE_POWER = 2.0, 4.0
"""Exponents of the focal loss: alpha and beta of "Objects as Points", section 3."""
_BOX_WEIGHT = 5.0
"""As in the same article: a box that is nearly right is worth as much as a score."""
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
    is_box = tf.reduce_min(sides, axis=1) > 0
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 * cells
    nearest = tf.clip_by_value(tf.floor(centres), 0.0, cells - 1.0)
    spread = tf.maximum(sides * _SPREAD, _LEAST_SPREAD)
    steps = tf.range(cells, dtype=tf.float32)
    # From the centre's cell, so that its own heat is exactly 1.
    far = tf.square((steps - nearest[..., tf.newaxis]) / spread[..., tf.newaxis])
    heats = tf.exp(-(far[:, 0, :, tf.newaxis] + far[:, 1, tf.newaxis, :]) / 2)
    heats = tf.where(is_box[:, tf.newaxis, tf.newaxis], heats, 0.0)
    heats = tf.where(heats < _CLOSE, 0.0, heats)
    # Where two meet, a cell belongs to the nearer, and then to the smaller one.
    areas = tf.reduce_prod(sides, axis=1)
    order = heats - 1e-6 * areas[:, tf.newaxis, tf.newaxis] / float(cells * cells)
    owner = tf.argmax(order, axis=0)
    heat = tf.reduce_max(heats, axis=0)
    weights = tf.where(heat > 0.1, heat, 0.0)
    return Targets(
        heat, tf.gather(boxes, owner), weights, tf.reduce_sum(tf.cast(is_box, tf.float32))
    )


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
    """Returns the batch's loss, float32[]: focal for the heat, generalised IoU for boxes.

    Hamid Rezatofighi et al., "Generalized Intersection over Union" (2019),
    https://arxiv.org/abs/1902.09630.
    """
    logits, heat = located[..., 0], targets.heat
    is_centre = heat >= 1.0 - 1e-6
    score = tf.sigmoid(logits)
    found = tf.pow(1 - score, _MODULATION) * tf.nn.softplus(-logits)
    missed = tf.pow(1 - heat, _NEGATIVE_POWER) * tf.pow(score, _MODULATION) * tf.nn.softplus(logits)
    # Normalised by the pictures: one without an animal counts as much as one with an animal.
    pictures = tf.cast(tf.shape(heat)[0], tf.float32)
    heat_loss = tf.reduce_sum(tf.where(is_centre, found, missed)) / pictures
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
