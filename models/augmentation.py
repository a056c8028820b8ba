"""Random views for training: another cut out of the stored surplus, and a mirror image.

The draws come in as numbers, so that an example's view depends on the seed and on its place
in the stream alone, whichever thread makes it.
"""

import tensorflow as tf


def shifted(window: tf.Tensor, draws: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Moves the window inside the stored crop; all whole-pixel places are equally likely.

    Args:
      window: int64[4], (y, x, height, width) inside the crop.
      draws: float32[2] in [0, 1): how far down and how far right.
      size: int64[2], the crop's height and width.

    Returns:
      int64[4]: a window of the same size within the crop.
    """
    sides = window[2:]
    places = size - sides + 1
    corner = tf.cast(tf.cast(places, tf.float32) * draws, tf.int64)
    return tf.concat([tf.minimum(corner, places - 1), sides], axis=0)


def mirrored(pixels: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Flips left and right where ``draw``, float32[] in [0, 1), is below a half.

    Args:
      pixels: [height, width, 3] of any dtype; returned with the same shape and dtype.
      draw: see above.
    """
    return tf.cond(draw < 0.5, lambda: tf.reverse(pixels, axis=[1]), lambda: pixels)
