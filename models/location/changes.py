"""Random changes to a stored frame: another part and size of it, a mirror image, other colours.

Some become pictures without an animal, so that "none" is a possible answer: a part of the
background beside the boxes, the photo with its boxes painted over, or a texture. All random
numbers follow from the seed and the picture's position in the stream.
"""

from typing import NamedTuple

import tensorflow as tf

from models.inputs.augmentation import color_jitter
from models.location import second_look

_CANDIDATES = 12
"""Random parts of a photo of which the first is taken that cuts no animal in two."""
_ZOOM = (0.6, 1.5)
"""Side of the part as a share of the photo's: above 1 the photo lies in a frame of one colour."""
_STRETCH = 1.3
_CLOSE = 0.5
"""Share of the pictures with an animal that are second looks."""
_FIRST_SIZE, _FIRST_PLACE = 1.5, 0.2
"""How far first boxes are off, at most: their sides by this factor, and their middles by this share
of a side."""
_WHOLE, _NONE = 0.75, 0.05
"""An animal is in the picture from the first share of its box on, and out of it below the second;
between them it would be neither."""
_COLOURS = 0.3
_STRIP = 0.12
"""Least side of a strip of background, as a share of the photo's side."""
_PAINTED = 0.12
"""Share of a box's side that is painted over beyond the box, on each side: fur, ears, tails."""


class Draws(NamedTuple):
    """Random numbers of one picture.

    Attributes:
      uniform: float32[_CANDIDATES + 8, 6] in [0, 1).
      negatives: share of pictures without an animal.
    """

    uniform: tf.Tensor
    negatives: float


def draws_for(seed: int, position: tf.Tensor) -> tf.Tensor:
    """Returns the random numbers of the picture at a position of the stream, int64[]."""
    return tf.random.stateless_uniform(
        [_CANDIDATES + 8, 6], [tf.constant(seed, tf.int64), position]
    )


def changed(
    pixels: tf.Tensor, boxes: tf.Tensor, draws: Draws, resolution: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a picture of a photo and the boxes in it.

    Args:
      pixels: uint8[height, width, 3], the whole photo.
      boxes: float32[m, 4], (top, left, bottom, right) as shares of its sides; zeros are none.
      draws: random numbers of the picture.
      resolution: side of the result, pixels.

    Returns:
      uint8[resolution, resolution, 3] and float32[m, 4], zeros where a box is not in the picture.
    """
    rows = draws.uniform[_CANDIDATES:]
    kind, which = rows[0, 0], rows[0, 1]

    def positive() -> tuple[tf.Tensor, tf.Tensor]:
        return _part_with_animals(pixels, boxes, draws.uniform, resolution)

    def background() -> tf.Tensor:
        return _background(pixels, boxes, rows[1:3], resolution)

    def painted() -> tf.Tensor:
        patch = tf.cond(
            _room(boxes)[0] >= _STRIP,
            lambda: _background(pixels, boxes, rows[3:5], resolution),
            lambda: _texture(rows[3:5], resolution),
        )
        return _painted_over(pixels, boxes, patch, resolution)

    def negative() -> tuple[tf.Tensor, tf.Tensor]:
        has_room = _room(boxes)[0] >= _STRIP
        picture = tf.case(
            [
                (has_room & (which < 0.5), background),
                (which < 0.85, painted),
            ],
            default=lambda: _texture(rows[3:5], resolution),
        )
        return picture, tf.zeros_like(boxes)

    picture, boxes = tf.cond(kind < draws.negatives, negative, positive)
    picture = tf.cast(tf.clip_by_value(picture + 0.5, 0.0, 255.0), tf.uint8)
    is_flipped = rows[5, 0] < 0.5
    picture = tf.cond(is_flipped, lambda: tf.reverse(picture, axis=[1]), lambda: picture)
    mirrored = tf.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], axis=1)
    mirrored = tf.where(_is_box(boxes)[:, tf.newaxis], mirrored, 0.0)
    boxes = tf.where(is_flipped, mirrored, boxes)
    factors = 1 + _COLOURS * (2 * rows[6, :3] - 1)
    picture = color_jitter(picture, *tf.unstack(factors))
    return tf.ensure_shape(picture, [resolution, resolution, 3]), boxes


def _part_with_animals(
    pixels: tf.Tensor, boxes: tf.Tensor, uniform: tf.Tensor, resolution: int
) -> tuple[tf.Tensor, tf.Tensor]:
    low, high = (tf.math.log(each) for each in _ZOOM)
    drawn = uniform[:_CANDIDATES]
    zoom = tf.exp(low + (high - low) * drawn[:, 0])
    stretch = tf.pow(_STRETCH, 2 * drawn[:, 1] - 1)
    sides = tf.stack([zoom * tf.sqrt(stretch), zoom / tf.sqrt(stretch)], axis=1)
    corners = (1 - sides) * drawn[:, 2:4]
    parts = tf.concat([corners, corners + sides], axis=1)
    parts = tf.where(uniform[_CANDIDATES, 2] < _CLOSE, _second_looks(boxes, drawn), parts)
    # The whole photo comes last, in which no animal is cut.
    parts = tf.concat([parts, tf.constant([[0.0, 0.0, 1.0, 1.0]])], axis=0)
    inside = tf.stack([_within(boxes, part) for part in tf.unstack(parts)])
    is_clear = tf.reduce_all((inside >= _WHOLE) | (inside <= _NONE), axis=1)
    shows_one = tf.reduce_any((inside >= _WHOLE) & _is_box(boxes), axis=1)
    chosen = tf.argmax(tf.cast(is_clear & shows_one, tf.int32))
    part = tf.gather(parts, chosen)
    fill = 255 * uniform[_CANDIDATES, 3]
    picture = _cut(pixels, part, resolution, fill)
    moved = (boxes - tf.tile(part[:2], [2])) / tf.tile(part[2:] - part[:2], [2])
    is_shown = (tf.gather(inside, chosen) >= _WHOLE) & _is_box(boxes)
    moved = tf.where(is_shown[:, tf.newaxis], tf.clip_by_value(moved, 0.0, 1.0), 0.0)
    return picture, moved


def _second_looks(boxes: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """Returns parts, float32[n, 4], as ``second_look`` cuts them around boxes that are off.

    Args:
      boxes: float32[m, 4], at least one of which is a box.
      drawn: float32[n, 6] in [0, 1).
    """
    there = tf.boolean_mask(boxes, _is_box(boxes))
    count = tf.cast(tf.shape(there)[0], tf.float32)
    chosen = tf.gather(there, tf.cast(count * drawn[:, 5], tf.int32))
    sides = chosen[:, 2:] - chosen[:, :2]
    middles = (chosen[:, :2] + chosen[:, 2:]) / 2 + _FIRST_PLACE * (2 * drawn[:, 2:4] - 1) * sides
    factors = tf.pow(_FIRST_SIZE, 2 * drawn[:, :2] - 1)
    reach = (0.5 + second_look.MARGIN) * factors * sides
    return tf.clip_by_value(tf.concat([middles - reach, middles + reach], axis=1), 0.0, 1.0)


def _cut(pixels: tf.Tensor, part: tf.Tensor, resolution: int, fill: tf.Tensor | float) -> tf.Tensor:
    """Returns a part of a photo, which may reach beyond it, as float32[resolution, resolution, 3].

    Args:
      pixels: uint8[height, width, 3].
      part: float32[4], (top, left, bottom, right) as shares of the sides.
      resolution: side of the result.
      fill: grey level of what lies beyond the photo.
    """
    size = tf.cast(tf.shape(pixels)[:2], tf.float32)
    step = (part[2:] - part[:2]) * size / resolution
    # From the middle of each result's pixel, in pixels of the photo.
    first = part[:2] * size + step / 2 - 0.5
    flow = tf.stack([step[1], 0.0, first[1], 0.0, step[0], first[0], 0.0, 0.0])
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(pixels, tf.float32)[tf.newaxis],
        transforms=flow[tf.newaxis],
        output_shape=[resolution, resolution],
        fill_value=-1.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )[0]
    return tf.where(found < 0, fill, found)


def _background(pixels: tf.Tensor, boxes: tf.Tensor, rows: tf.Tensor, resolution: int) -> tf.Tensor:
    """Returns a random part of the largest strip beside all boxes."""
    _, strip = _room(boxes)
    sides = strip[2:] - strip[:2]
    least = tf.minimum(sides, _STRIP)
    size = tf.maximum(least, sides * (0.5 + 0.5 * rows[0, :2]))
    # No longer than thrice as wide: else all that is seen is the stretching.
    size = tf.minimum(size, 3 * tf.reverse(size, axis=[0]))
    corner = strip[:2] + (sides - size) * rows[0, 2:4]
    return _cut(pixels, tf.concat([corner, corner + size], axis=0), resolution, 127.0)


def _room(boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the shorter side of the widest strip beside all boxes, and the strip, float32[4]."""
    is_box = _is_box(boxes)[:, tf.newaxis]
    begin = tf.reduce_min(tf.where(is_box, boxes[:, :2], 1.0), axis=0)
    end = tf.reduce_max(tf.where(is_box, boxes[:, 2:], 0.0), axis=0)
    top, left, bottom, right = begin[0], begin[1], end[0], end[1]
    zero, one = tf.zeros([]), tf.ones([])
    strips = tf.stack(
        [
            tf.stack([zero, zero, top, one]),
            tf.stack([bottom, zero, one, one]),
            tf.stack([zero, zero, one, left]),
            tf.stack([zero, right, one, one]),
        ]
    )
    shorter = tf.reduce_min(strips[:, 2:] - strips[:, :2], axis=1)
    widest = tf.argmax(shorter)
    return tf.gather(shorter, widest), tf.gather(strips, widest)


def _painted_over(
    pixels: tf.Tensor, boxes: tf.Tensor, patch: tf.Tensor, resolution: int
) -> tf.Tensor:
    """Returns the whole photo with a patch where the boxes are, and a soft edge between them."""
    whole = _cut(pixels, tf.constant([0.0, 0.0, 1.0, 1.0]), resolution, 0.0)
    middle = (tf.range(resolution, dtype=tf.float32) + 0.5) / resolution
    sides = boxes[:, 2:] - boxes[:, :2]
    begin, end = boxes[:, :2] - _PAINTED * sides, boxes[:, 2:] + _PAINTED * sides
    soft = tf.maximum(0.06 * sides, 1e-3)
    reach = [
        tf.minimum(
            middle[tf.newaxis] - begin[:, axis, tf.newaxis], end[:, axis, tf.newaxis] - middle
        )
        / soft[:, axis, tf.newaxis]
        for axis in (0, 1)
    ]
    masks = tf.minimum(reach[0][:, :, tf.newaxis], reach[1][:, tf.newaxis, :])
    masks = tf.where(_is_box(boxes)[:, tf.newaxis, tf.newaxis], masks, 0.0)
    mask = tf.clip_by_value(tf.reduce_max(masks, axis=0), 0.0, 1.0)[..., tf.newaxis]
    return whole * (1 - mask) + patch * mask


def _texture(rows: tf.Tensor, resolution: int) -> tf.Tensor:
    """Returns smooth and fine noise over one colour, float32[resolution, resolution, 3]."""
    seed = tf.cast(rows[0, :2] * 2**31, tf.int32)
    colour = 255 * rows[1, :3]
    coarse = tf.cast(2 + 14 * tf.square(rows[1, 3]), tf.int32)
    smooth = tf.random.stateless_normal([coarse, coarse, 3], seed)
    smooth = tf.image.resize(smooth, [resolution, resolution], "bicubic")
    fine = tf.random.stateless_normal([resolution, resolution, 1], seed + 1)
    return colour + 70 * rows[1, 4] * smooth + 25 * tf.square(rows[1, 5]) * fine


def _within(boxes: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
    """Returns the share of each box that lies within a part, float32[m]; 0 of none."""
    begin, end = tf.maximum(boxes[:, :2], part[:2]), tf.minimum(boxes[:, 2:], part[2:])
    shared = tf.reduce_prod(tf.maximum(end - begin, 0.0), axis=1)
    area = tf.reduce_prod(tf.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1)
    return tf.math.divide_no_nan(shared, area)


def _is_box(boxes: tf.Tensor) -> tf.Tensor:
    return tf.reduce_min(boxes[:, 2:] - boxes[:, :2], axis=1) > 0
