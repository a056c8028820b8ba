"""The second look sees the photo around the first box, and its place is one in the photo."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.location import second_look
from testing.models import quadrants, red_locator


def predict(pixels: npt.NDArray[np.uint8]) -> tf.Tensor:
    return red_locator.red_locator()(pixels, training=False)


def test_a_place_in_a_view_is_one_in_the_photo() -> None:
    # 100 x 200 pixels; half of a side of 40 x 60 is added, and cut at the photo's top and right.
    boxes, sizes = tf.constant([[10, 130, 40, 60]], tf.int64), tf.constant([[100, 200]], tf.int64)
    placed = second_look.in_photo(tf.constant([[0.0, 0.5, 1.0, 1.0]]), boxes, sizes)
    # The view is rows 0..70 and columns 100..200.
    np.testing.assert_allclose(placed, [[0, 0.75, 0.7, 1]], atol=1e-6)


def test_the_place_around_a_small_animal_becomes_finer() -> None:
    photo = np.zeros((160, 160, 3), np.uint8)
    photo[60:70, 90:100, 0] = 255
    jpeg = tf.constant(quadrants.encoded(photo, "JPEG", quality=95))
    rough = tf.constant([[0.3, 0.4, 0.6, 0.7]])
    places = second_look.taken(predict, [jpeg], rough, red_locator.SIDE).numpy()
    # The view is rows 24..120 and columns 40..136, of which a cell has 12 pixels; the reddest one
    # is rows 60..72 and columns 88..100. A box reaches 24 pixels from its middle.
    np.testing.assert_allclose(places * 160, [[42, 70, 90, 118]], atol=0.1)
