"""Random changes to one picture: another view, a mirror image, other colours, a blank patch.

The random numbers are arguments. So the picture of an example depends on the seed and on the
position of its batch in the stream alone, and not on the thread that makes it.

``models.inputs.mixup`` mixes the pictures of a batch. docs/decisions/0011-augmentation-place.md
says why all this runs in tf.data.
"""

from typing import NamedTuple

import tensorflow as tf

from models.settings.augmentation import AugmentSettings

_GREY = (0.299, 0.587, 0.114)
"""Lightness of RGB, ITU-R BT.601."""
_MID_GREY = 127.5
_BLANK = (124, 116, 104)
"""ImageNet's mean colour, which the network sees as zeros."""
_ERASED_AREA = (0.02, 0.2)
"""Smallest and largest share of the picture that is blanked."""
_ERASED_ASPECT = 3.3
"""Largest aspect ratio of the blanked rectangle; the smallest is its reciprocal.

Zhun Zhong et al., "Random Erasing Data Augmentation" (2020), https://arxiv.org/abs/1708.04896
has areas of 0.02 to 0.4 and ratios of 0.3 to 3.3. The areas here are smaller, because two fifths
of a face can be all that shows a mood."""


class Draws(NamedTuple):
    """Uniform random numbers in [0, 1) for one picture, each float32[], by what they decide."""

    view_y: tf.Tensor
    view_x: tf.Tensor
    flip: tf.Tensor
    zoom: tf.Tensor
    stretch: tf.Tensor
    brightness: tf.Tensor
    contrast: tf.Tensor
    saturation: tf.Tensor
    erase: tf.Tensor
    erase_area: tf.Tensor
    erase_aspect: tf.Tensor
    erase_y: tf.Tensor
    erase_x: tf.Tensor


def draws_for(seed: int, start: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the random numbers of ``count`` examples.

    Args:
      seed: of the training, >= 0.
      start: int64[], position of the first example in the stream.
      count: examples, >= 1.

    Returns:
      float32[count, len(Draws._fields)], a row an example.
    """
    return tf.random.stateless_uniform(
        [count, len(Draws._fields)], [tf.constant(seed, tf.int64), start]
    )


def random_view(
    window: tf.Tensor, draws: Draws, size: tf.Tensor, settings: AugmentSettings
) -> tf.Tensor:
    """Chooses a random view; all whole-pixel positions in the crop are equally likely.

    Args:
      window: int64[4], (y, x, height, width) inside the crop.
      draws: random numbers of the picture.
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
    positions = size - sides + 1
    corner = tf.cast(
        tf.cast(positions, tf.float32) * tf.stack([draws.view_y, draws.view_x]), tf.int64
    )
    return tf.concat([tf.minimum(corner, positions - 1), sides], axis=0)


def augment(pixels: tf.Tensor, draws: Draws, settings: AugmentSettings) -> tf.Tensor:
    """Flips, recolours and blanks a picture at random.

    Args:
      pixels: uint8[height, width, 3], RGB, sides known; so is the result.
      draws: random numbers of the picture.
      settings: scaled.
    """
    if settings.flip:
        pixels = flip(pixels, draws.flip)
    if settings.brightness or settings.contrast or settings.saturation:
        pixels = color_jitter(
            pixels,
            _factor(draws.brightness, settings.brightness),
            _factor(draws.contrast, settings.contrast),
            _factor(draws.saturation, settings.saturation),
        )
    if settings.erase:
        is_erased = draws.erase < settings.erase
        pixels = tf.cond(is_erased, lambda: random_erase(pixels, draws), lambda: pixels)
    return pixels


def flip(pixels: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Flips left and right if ``draw`` is below a half.

    Args:
      pixels: [height, width, 3] of any dtype; returned with the same shape and dtype.
      draw: float32[] in [0, 1).
    """
    return tf.cond(draw < 0.5, lambda: tf.reverse(pixels, axis=[1]), lambda: pixels)


def color_jitter(
    pixels: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor
) -> tf.Tensor:
    """Multiplies pixels, their distance from mid-grey and that from their own grey, in one pass.

    Args:
      pixels: uint8[height, width, 3], RGB; so is the result, rounded and cut at 0 and 255.
      brightness: float32[], the factor for pixels; 1 changes nothing.
      contrast: the factor for their distance from mid-grey.
      saturation: the factor for their distance from their own grey.
    """
    to_grey = tf.tile(tf.constant(_GREY)[:, tf.newaxis], [1, 3])
    matrix = saturation * tf.eye(3) + (1 - saturation) * to_grey
    flat = tf.reshape(tf.cast(pixels, tf.float32), [-1, 3])
    levels = tf.matmul(flat, matrix * (brightness * contrast)) + _MID_GREY * (1 - contrast)
    # Adding a half and cutting the fraction off rounds, one pass cheaper than tf.round.
    rounded = tf.cast(tf.clip_by_value(levels + 0.5, 0, 255), tf.uint8)
    return tf.reshape(rounded, tf.shape(pixels))


def random_erase(pixels: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Blanks a rectangle of 2 to 20 % of the picture, of an aspect ratio of 1/3.3 to 3.3.

    Args:
      pixels: uint8[height, width, 3]; so is the result.
      draws: random numbers of the picture.
    """
    shape = tf.shape(pixels)
    low, high = _ERASED_AREA
    area = low + (high - low) * draws.erase_area
    ratio = tf.pow(_ERASED_ASPECT, 2 * draws.erase_aspect - 1)
    sides = tf.sqrt(area * tf.stack([ratio, 1 / ratio])) * tf.cast(shape[:2], tf.float32)
    height, width = tf.unstack(tf.minimum(tf.cast(sides + 0.5, tf.int32), shape[:2]))
    top = tf.cast(draws.erase_y * tf.cast(shape[0] - height + 1, tf.float32), tf.int32)
    left = tf.cast(draws.erase_x * tf.cast(shape[1] - width + 1, tf.float32), tf.int32)
    patch = tf.broadcast_to(tf.constant(_BLANK, tf.uint8), [height, width, 3])
    # Copying stripes together is a third of the cost of a mask and tf.where.
    band = pixels[top : top + height]
    band = tf.concat([band[:, :left], patch, band[:, left + width :]], axis=1)
    erased = tf.concat([pixels[:top], band, pixels[top + height :]], axis=0)
    return tf.ensure_shape(erased, pixels.shape)


def _zoomed_sides(
    sides: tf.Tensor, draws: Draws, size: tf.Tensor, settings: AugmentSettings
) -> tf.Tensor:
    """Returns int64[2]: the sides zoomed and stretched, at least 1 and at most the crop's."""
    zoom = _factor(draws.zoom, settings.zoom)
    ratio = tf.pow(1.0 + settings.stretch, 2 * draws.stretch - 1)
    exact = tf.cast(sides, tf.float32) * zoom * tf.sqrt(tf.stack([ratio, 1 / ratio]))
    return tf.clip_by_value(tf.cast(exact + 0.5, tf.int64), 1, size)


def _factor(draw: tf.Tensor, spread: float) -> tf.Tensor:
    """Maps [0, 1) to [1 - spread, 1 + spread)."""
    return 1 + spread * (2 * draw - 1)
