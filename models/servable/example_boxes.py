"""The box of an Example in pixels of its photo."""

from collections.abc import Mapping

import tensorflow as tf

from models.location.decoding import pixel_boxes
from schemas import features

_SIDES = (features.BOX_TOP, features.BOX_LEFT, features.BOX_BOTTOM, features.BOX_RIGHT)
_SIZE = (features.IMAGE_HEIGHT, features.IMAGE_WIDTH)

BOX_SPEC = {
    **{name: tf.io.FixedLenFeature([], tf.float32, default_value=0.0) for name in _SIDES},
    **{name: tf.io.FixedLenFeature([], tf.int64, default_value=0) for name in _SIZE},
}
"""Features from which the box follows. They are part of PetExampleGen's Examples, and not needed
for a mood."""


def box_in_photo(parsed: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Returns the box, int64[4] (y, x, height, width); zeros where the Example does not say.

    Args:
      parsed: an Example, by ``BOX_SPEC``. Shares in float32 give back every whole pixel of a
        photo of up to 65,535.
    """
    size = tf.stack([parsed[name] for name in _SIZE])
    box = pixel_boxes(tf.stack([parsed[name] for name in _SIDES]), tf.maximum(size, 1))
    return tf.where(tf.reduce_min(size) > 0, box, 0)
