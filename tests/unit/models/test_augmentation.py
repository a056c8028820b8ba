"""Random windows and mirror images."""

import numpy as np
import pytest
import tensorflow as tf

from models import augmentation

WINDOW = tf.constant([2, 3, 8, 8], tf.int64)
SIZE = tf.constant([10, 12], tf.int64)
"""A crop of 10 rows and 12 columns: the window has 3 places down and 5 across."""


@pytest.mark.parametrize(
    ("draws", "corner"),
    [
        ((0.0, 0.0), (0, 0)),
        ((0.33, 0.19), (0, 0)),  # Below a third of 3 places, a fifth of 5.
        ((0.34, 0.21), (1, 1)),
        ((0.67, 0.79), (2, 3)),
        ((0.99999994, 0.99999994), (2, 4)),
    ],
)
def test_the_window_takes_every_place_inside_the_crop(
    draws: tuple[float, float], corner: tuple[int, int]
) -> None:
    moved = augmentation.shifted(WINDOW, tf.constant(draws), SIZE)
    np.testing.assert_array_equal(moved, [*corner, 8, 8])


def test_a_window_that_fills_the_crop_stays() -> None:
    full = tf.constant([0, 0, 10, 12], tf.int64)
    moved = augmentation.shifted(full, tf.constant([0.9, 0.9]), SIZE)
    np.testing.assert_array_equal(moved, full)


def test_mirroring_swaps_left_and_right_and_never_top_and_bottom() -> None:
    pixels = tf.constant(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    expected = [[[3, 4, 5], [0, 1, 2]], [[9, 10, 11], [6, 7, 8]]]
    np.testing.assert_array_equal(augmentation.mirrored(pixels, tf.constant(0.49)), expected)
    np.testing.assert_array_equal(augmentation.mirrored(pixels, tf.constant(0.5)), pixels)
