"""MixUp and CutMix: pictures of a batch in pairs, with their labels.

Each picture is paired with the one at the same position counted from the batch's end. Its own
share, lambda in the papers, is drawn once a batch from Beta(alpha, alpha).
"""

import tensorflow as tf

from models.settings.augmentation import AugmentSettings

_EPSILON = 1e-30
"""Added to both gamma draws: with a small alpha both can be 0, and 0 / 0 is NaN."""


def mixup_or_cutmix(
    pixels: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, settings: AugmentSettings
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes a batch as the settings say; with both methods on, each batch draws one.

    Args:
      pixels: uint8[n, height, width, 3], sides known.
      labels: float32[n, k], rows summing to 1.
      seed: int64[2], of this batch alone. Its first number plus 1 and plus 2 make two more
        seeds.
      settings: scaled.

    Returns:
      (pixels, labels), of the same shapes and dtypes.
    """
    methods = []
    if settings.mixup:
        methods.append(lambda: mixup(pixels, labels, _draw_lambda(settings.mixup, seed)))
    if settings.cutmix:
        corner = tf.random.stateless_uniform([2], tf.add(seed, [1, 0]))
        methods.append(lambda: cutmix(pixels, labels, _draw_lambda(settings.cutmix, seed), corner))
    if not methods:
        return pixels, labels
    index = tf.random.stateless_uniform([], tf.add(seed, [2, 0]), 0, len(methods), tf.int32)
    return tf.switch_case(index, methods)


def mixup(pixels: tf.Tensor, labels: tf.Tensor, lam: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each picture with its partner: ``lam * own + (1 - lam) * partner``.

    Hongyi Zhang et al., "mixup" (2018), https://arxiv.org/abs/1710.09412.

    Args:
      pixels: uint8[n, height, width, 3].
      labels: float32[n, k].
      lam: float32[] in [0, 1], lambda.

    Returns:
      (pixels, labels), of the same shapes and dtypes.
    """
    levels = tf.cast(pixels, tf.float32)
    blended = lam * levels + (1 - lam) * tf.reverse(levels, axis=[0])
    return tf.cast(blended + 0.5, tf.uint8), _mix_labels(labels, lam)


def cutmix(
    pixels: tf.Tensor, labels: tf.Tensor, lam: tf.Tensor, corner: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Replaces a rectangle, of the picture's aspect ratio, by the same part of the partner.

    Sangdoo Yun et al., "CutMix" (2019), https://arxiv.org/abs/1905.04899. The rectangle lies
    within the picture, and the labels are mixed by its area in whole pixels.

    Args:
      pixels: uint8[n, height, width, 3].
      labels: float32[n, k].
      lam: float32[] in [0, 1], lambda: the share of the area that is not replaced.
      corner: float32[2] in [0, 1), how far down and right the rectangle is.

    Returns:
      (pixels, labels), of the same shapes and dtypes.
    """
    size = tf.shape(pixels)[1:3]
    sides = tf.cast(tf.sqrt(1 - lam) * tf.cast(size, tf.float32) + 0.5, tf.int32)
    begin = tf.cast(corner * tf.cast(size - sides + 1, tf.float32), tf.int32)
    rows, columns = (
        (tf.range(size[axis]) >= begin[axis]) & (tf.range(size[axis]) < begin[axis] + sides[axis])
        for axis in (0, 1)
    )
    inside = (rows[:, tf.newaxis] & columns)[..., tf.newaxis]
    pasted = tf.where(inside, tf.reverse(pixels, axis=[0]), pixels)
    replaced = tf.reduce_prod(sides) / tf.reduce_prod(size)
    return pasted, _mix_labels(labels, 1 - tf.cast(replaced, tf.float32))


def _mix_labels(labels: tf.Tensor, lam: tf.Tensor) -> tf.Tensor:
    return lam * labels + (1 - lam) * tf.reverse(labels, axis=[0])


def _draw_lambda(alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """Returns float32[] from Beta(alpha, alpha), as the share of one of two gamma draws."""
    one, other = tf.unstack(tf.random.stateless_gamma([2], seed, alpha))
    return (one + _EPSILON) / (one + other + 2 * _EPSILON)
