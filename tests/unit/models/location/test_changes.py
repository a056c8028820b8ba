"""Random changes to scenes: the boxes follow the animals, and negatives have none."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.location import changes

SIDE = 64
BOX = (0.3, 0.5, 0.6, 0.8)
GREEN = (30, 200, 40)


def scene() -> npt.NDArray[np.uint8]:
    """Returns a grey photo with a green animal in ``BOX``."""
    pixels = np.full((100, 120, 3), 128, np.uint8)
    pixels[30:60, 60:96] = GREEN
    return pixels


def is_green(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Returns where the animal is, whatever its lightness."""
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return (green > red + 40) & (green > blue + 40)


@pytest.fixture(scope="module")
def pictures() -> dict[float, list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]]]:
    """Pictures with their boxes, by the share of negatives."""
    boxes = tf.constant([BOX, (0, 0, 0, 0)], tf.float32)

    def make(share: float) -> tf.data.Dataset:
        def one(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            draws = changes.Draws(changes.draws_for(3, position), share)
            return changes.changed(tf.constant(scene()), boxes, draws, SIDE)

        return tf.data.Dataset.range(40).map(without_autograph(one))

    return {share: [*make(share).as_numpy_iterator()] for share in (0.0, 1.0)}


def test_each_box_is_around_its_animal(pictures: dict) -> None:
    positions = set()
    for pixels, (box, none) in pictures[0.0]:
        assert none.tolist() == [0, 0, 0, 0]
        rows, columns = np.nonzero(is_green(pixels))
        found = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / SIDE
        np.testing.assert_allclose(found, box, atol=2.5 / SIDE)
        positions.add(tuple(found.tolist()))
    assert len(positions) > 30  # Moved, scaled and mirrored.


def test_a_second_look_is_around_a_first_box_that_is_off() -> None:
    boxes = tf.constant([BOX, (0, 0, 0, 0)], tf.float32)
    looks = changes._second_looks(boxes, tf.constant([[0.5] * 6, [0.0] * 6]))
    # Sides of 0.3 and half of them beyond; then two thirds of all, and a fifth of a side off.
    np.testing.assert_allclose(looks[0], [0.15, 0.35, 0.75, 0.95], atol=1e-6)
    np.testing.assert_allclose(looks[1], [0.19, 0.39, 0.59, 0.79], atol=1e-6)


def test_some_pictures_are_second_looks(pictures: dict) -> None:
    # Other parts show sides of at most 0.3 / 0.6 * sqrt(1.3) = 0.57.
    assert sum((box[2:] - box[:2]).max() > 0.6 for _, (box, _) in pictures[0.0]) >= 5


def test_a_negative_shows_no_animal_and_has_no_box(pictures: dict) -> None:
    for pixels, boxes in pictures[1.0]:
        assert not boxes.any()
        if pixels.std(axis=(0, 1)).max() < 40:  # A texture may be green itself.
            assert is_green(pixels).mean() < 0.01 or is_green(pixels).mean() > 0.5


def test_the_same_position_gives_the_same_picture() -> None:
    first, again, other = (
        changes.draws_for(3, tf.constant(position, tf.int64)).numpy() for position in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
