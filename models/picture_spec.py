"""The features of an Example that a picture is read from.

Apart from ``models.input_pipeline``, for who asks a model need not have TensorFlow Transform.
"""

import tensorflow as tf

from schemas import features

PICTURE_SPEC = {
    features.IMAGE: tf.io.FixedLenFeature([], tf.string),
    features.WINDOW: tf.io.FixedLenFeature([4], tf.int64),
}
"""What the network's input is made of."""
