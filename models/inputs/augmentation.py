"""Random changes to one picture: another view, a mirror image, other colours, a blank patch.

The draws come in as numbers, so that an example's picture depends on the seed and on its batch's
place in the stream alone, whichever thread makes it. What mixes the pictures of a batch is in
``models.inputs.mixup``; why all this runs in tf.data is in
docs/decisions/0011-augmentation-place.md.
"""

from typing import NamedTuple

import tensorflow as tf

from models.settings import AugmentSettings

_GREY = (0.299, 0.587, 0.114)
"""Lightness of RGB, ITU-R BT.601."""
_MID_GREY = 127.5
_BLANK = (124, 116, 104)
"""ImageNet's mean colour, which the network sees as zeros."""
_ERASED_AREA = (0.02, 0.2)
_ERASED_ASPECT = 3.3
"""Zhun Zhong et al., "Random Erasing Data Augmentation" (2020), https://arxiv.org/abs/1708.04896
has 0.02 to 0.4 and 0.3 to 3.3; two fifths of a face can be all that tells a mood."""


class Draws(NamedTuple):
    """Uniform numbers in [0, 1), each float32[], by what they decide."""

    down: tf.Tensor
    right: tf.Tensor
    mirror: tf.Tensor
    zoom: tf.Tensor
    stretch: tf.Tensor
    brightness: tf.Tensor
    contrast: tf.Tensor
    saturation: tf.Tensor
    erase: tf.Tensor
    erased_area: tf.Tensor
    erased_aspect: tf.Tensor
    erased_down: tf.Tensor
    erased_right: tf.Tensor


def draws_for(seed: int, place: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the draws of the ``count`` examples from ``place``, int64[], in the stream on.

    Returns:
      float32[count, len(Draws._fields)], a row an example.
    """
    return tf.random.stateless_uniform(
        [count, len(Draws._fields)], [tf.constant(seed, tf.int64), place]
    )


def random_view(
    window: tf.Tensor, draws: Draws, size: tf.Tensor, settings: AugmentSettings
) -> tf.Tensor:
    """Chooses a random view; all whole-pixel places in the crop are equally likely.

    Args:
      window: int64[4], (y, x, height, width) inside the crop.
      draws: its random numbers.
      size: int64[2], the crop's height and width.
      settings: scaled. Without zoom and stretch the view has the window's size, and
        ``preprocessing.preprocess`` need not resize it.

    Returns:
      int64[4]: a view within the crop.
    """
    if settings.zoom or settings.stretch:
        sides = _zoomed_sides(window[2:], draws, size, settings)
    else:
        sides = window[2:]
    places = size - sides + 1
    corner = tf.cast(tf.cast(places, tf.float32) * tf.stack([draws.down, draws.right]), tf.int64)
    return tf.concat([tf.minimum(corner, places - 1), sides], axis=0)


def augment(pixels: tf.Tensor, draws: Draws, settings: AugmentSettings) -> tf.Tensor:
    """Mirrors, colours and blanks at random.

    Args:
      pixels: uint8[height, width, 3], RGB, sides known; so is the result.
      draws: the picture's random numbers.
      settings: scaled.
    """
    if settings.flip:
        pixels = flip(pixels, draws.mirror)
    if settings.brightness or settings.contrast or settings.saturation:
        pixels = color_jitter(
            pixels,
            _factor(draws.brightness, settings.brightness),
            _factor(draws.contrast, settings.contrast),
            _factor(draws.saturation, settings.saturation),
        )
    if settings.erase:
        erased = draws.erase < settings.erase
        pixels = tf.cond(erased, lambda: random_erase(pixels, draws), lambda: pixels)
    return pixels


def flip(pixels: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Flips left and right where ``draw``, float32[] in [0, 1), is below a half.

    Args:
      pixels: [height, width, 3] of any dtype; returned with the same shape and dtype.
      draw: see above.
    """
    return tf.cond(draw < 0.5, lambda: tf.reverse(pixels, axis=[1]), lambda: pixels)


def color_jitter(
    pixels: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor
) -> tf.Tensor:
    """Multiplies pixels, their distance from mid-grey and that from their own grey, in one pass.

    Args:
      pixels: uint8[height, width, 3], RGB; so is the result, rounded and cut at 0 and 255.
      brightness: float32[], the factor for pixels; 1 changes nothing.
      contrast: the one for their distance from mid-grey.
      saturation: the one for their distance from their own grey.
    """
    to_grey = tf.tile(tf.constant(_GREY)[:, tf.newaxis], [1, 3])
    matrix = saturation * tf.eye(3) + (1 - saturation) * to_grey
    flat = tf.reshape(tf.cast(pixels, tf.float32), [-1, 3])
    levels = tf.matmul(flat, matrix * (brightness * contrast)) + _MID_GREY * (1 - contrast)
    # Adding a half and cutting the fraction off rounds, one pass cheaper than tf.round.
    whole = tf.cast(tf.clip_by_value(levels + 0.5, 0, 255), tf.uint8)
    return tf.reshape(whole, tf.shape(pixels))


def random_erase(pixels: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Blanks a rectangle of 2 to 20 % of the picture, of an aspect ratio of 1/3.3 to 3.3.

    Args:
      pixels: uint8[height, width, 3]; so is the result.
      draws: the picture's random numbers.
    """
    shape = tf.shape(pixels)
    low, high = _ERASED_AREA
    share = low + (high - low) * draws.erased_area
    ratio = tf.pow(_ERASED_ASPECT, 2 * draws.erased_aspect - 1)
    sides = tf.sqrt(share * tf.stack([ratio, 1 / ratio])) * tf.cast(shape[:2], tf.float32)
    height, width = tf.unstack(tf.minimum(tf.cast(sides + 0.5, tf.int32), shape[:2]))
    top = tf.cast(draws.erased_down * tf.cast(shape[0] - height + 1, tf.float32), tf.int32)
    left = tf.cast(draws.erased_right * tf.cast(shape[1] - width + 1, tf.float32), tf.int32)
    patch = tf.broadcast_to(tf.constant(_BLANK, tf.uint8), [height, width, 3])
    # Copying stripes together is a third of the cost of a mask and tf.where.
    band = pixels[top : top + height]
    band = tf.concat([band[:, :left], patch, band[:, left + width :]], axis=1)
    blanked = tf.concat([pixels[:top], band, pixels[top + height :]], axis=0)
    return tf.ensure_shape(blanked, pixels.shape)


def _zoomed_sides(
    sides: tf.Tensor, draws: Draws, size: tf.Tensor, settings: AugmentSettings
) -> tf.Tensor:
    """Returns int64[2]: the sides zoomed and stretched, at least 1 and at most the crop's."""
    zoom = _factor(draws.zoom, settings.zoom)
    ratio = tf.pow(1.0 + settings.stretch, 2 * draws.stretch - 1)
    wanted = tf.cast(sides, tf.float32) * zoom * tf.sqrt(tf.stack([ratio, 1 / ratio]))
    return tf.clip_by_value(tf.cast(wanted + 0.5, tf.int64), 1, size)


def _factor(draw: tf.Tensor, spread: float) -> tf.Tensor:
    """Spreads [0, 1) over 1 - spread to 1 + spread."""
    return 1 + spread * (2 * draw - 1)
