"""Stored frames are seen in training and judging as the servable sees photos, to the last bit."""

import numpy as np
import tensorflow as tf

from models.inputs.photo import Limits, PhotoPreprocessor, Source
from models.location import scenes
from testing.models import samples

SIDE = 32


def test_a_scene_has_the_pixels_of_the_servable() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    jpeg = tf.constant(samples.jpeg(noise, quality=90))
    preprocess = PhotoPreprocessor(SIDE, 0.0, Limits())

    @tf.function(autograph=False)
    def served(encoded: tf.Tensor) -> tf.Tensor:
        return preprocess(encoded, tf.zeros([4], tf.int64), Source.WHOLE_PHOTO, False).pixels

    np.testing.assert_array_equal(scenes.as_seen(jpeg, SIDE), served(jpeg))
