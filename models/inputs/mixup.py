"""MixUp and CutMix: pictures of a batch in pairs, with their labels.

Each picture meets the one at the same place from the batch's end. The share that it keeps is
drawn once a batch from Beta(alpha, alpha).
"""

import tensorflow as tf

from models.settings import AugmentSettings

_SMALLEST = 1e-30


def mixup_or_cutmix(
    pixels: tf.Tensor, moods: tf.Tensor, seed: tf.Tensor, settings: AugmentSettings
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes a batch as the settings say; with both methods on, each batch draws its own.

    Args:
      pixels: uint8[n, height, width, 3], sides known.
      moods: float32[n, k], rows summing to 1.
      seed: int64[2], the batch's own; its first number's two successors are used too.
      settings: scaled.

    Returns:
      Both, of the same shapes and dtypes.
    """
    ways = []
    if settings.mixup:
        ways.append(lambda: mixup(pixels, moods, _draw_lambda(settings.mixup, seed)))
    if settings.cutmix:
        corner = tf.random.stateless_uniform([2], tf.add(seed, [1, 0]))
        ways.append(lambda: cutmix(pixels, moods, _draw_lambda(settings.cutmix, seed), corner))
    if not ways:
        return pixels, moods
    which = tf.random.stateless_uniform([], tf.add(seed, [2, 0]), 0, len(ways), tf.int32)
    return tf.switch_case(which, ways)


def mixup(pixels: tf.Tensor, moods: tf.Tensor, kept: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each picture with its partner: ``kept * own + (1 - kept) * partner``.

    Hongyi Zhang et al., "mixup" (2018), https://arxiv.org/abs/1710.09412.

    Args:
      pixels: uint8[n, height, width, 3].
      moods: float32[n, k].
      kept: float32[] in [0, 1].
    """
    levels = tf.cast(pixels, tf.float32)
    blended = kept * levels + (1 - kept) * tf.reverse(levels, axis=[0])
    return tf.cast(blended + 0.5, tf.uint8), _mixed_labels(moods, kept)


def cutmix(
    pixels: tf.Tensor, moods: tf.Tensor, kept: tf.Tensor, corner: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Puts a rectangle of the partner, of the picture's aspect ratio, in its place.

    Sangdoo Yun et al., "CutMix" (2019), https://arxiv.org/abs/1905.04899. The rectangle lies
    within the picture, and the labels are shared by its area in whole pixels.

    Args:
      pixels: uint8[n, height, width, 3].
      moods: float32[n, k].
      kept: float32[] in [0, 1], the share of the area that is not replaced.
      corner: float32[2] in [0, 1), how far down and right the rectangle is.
    """
    size = tf.shape(pixels)[1:3]
    sides = tf.cast(tf.sqrt(1 - kept) * tf.cast(size, tf.float32) + 0.5, tf.int32)
    begin = tf.cast(corner * tf.cast(size - sides + 1, tf.float32), tf.int32)
    rows, columns = (
        (tf.range(size[axis]) >= begin[axis]) & (tf.range(size[axis]) < begin[axis] + sides[axis])
        for axis in (0, 1)
    )
    inside = (rows[:, tf.newaxis] & columns)[..., tf.newaxis]
    pasted = tf.where(inside, tf.reverse(pixels, axis=[0]), pixels)
    replaced = tf.reduce_prod(sides) / tf.reduce_prod(size)
    return pasted, _mixed_labels(moods, 1 - tf.cast(replaced, tf.float32))


def _mixed_labels(moods: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
    return kept * moods + (1 - kept) * tf.reverse(moods, axis=[0])


def _draw_lambda(alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """Returns float32[] from Beta(alpha, alpha), as the share of one of two gamma draws."""
    one, other = tf.unstack(tf.random.stateless_gamma([2], seed, alpha))
    return (one + _SMALLEST) / (one + other + 2 * _SMALLEST)
