"""Random views, mirror images, colours and blanks of one picture."""

import numpy as np
import pytest
import tensorflow as tf

from models.inputs import augmentation
from models.settings.augmentation import AugmentSettings

WINDOW = tf.constant([2, 3, 8, 8], tf.int64)
SIZE = tf.constant([10, 12], tf.int64)
"""A crop of 10 rows and 12 columns: the window has 3 positions down and 5 across."""

VIEW_ONLY = AugmentSettings(flip=False, brightness=0, contrast=0, saturation=0)
BLANK = [124, 116, 104]


def draws(**changes: float) -> augmentation.Draws:
    """Returns draws of 0.5, except for those in ``changes``."""
    middle = augmentation.Draws(*([0.5] * len(augmentation.Draws._fields)))
    return augmentation.Draws(*(tf.constant(n, tf.float32) for n in middle._replace(**changes)))


@pytest.mark.parametrize(
    ("view_y", "view_x", "corner"),
    [
        (0.0, 0.0, (0, 0)),
        (0.33, 0.19, (0, 0)),  # Below a third of 3 positions, a fifth of 5.
        (0.34, 0.21, (1, 1)),
        (0.67, 0.79, (2, 3)),
        (0.99999994, 0.99999994, (2, 4)),
    ],
)
def test_the_window_takes_every_position_inside_the_crop(
    view_y: float, view_x: float, corner: tuple[int, int]
) -> None:
    moved = augmentation.random_view(WINDOW, draws(view_y=view_y, view_x=view_x), SIZE, VIEW_ONLY)
    np.testing.assert_array_equal(moved, [*corner, 8, 8])


def test_a_window_that_fills_the_crop_stays() -> None:
    full = tf.constant([0, 0, 10, 12], tf.int64)
    moved = augmentation.random_view(full, draws(view_y=0.9, view_x=0.9), SIZE, VIEW_ONLY)
    np.testing.assert_array_equal(moved, full)


@pytest.mark.parametrize(
    ("zoom", "stretch", "sides"),
    [
        (0.0, 0.5, (6, 6)),  # 8 * (1 - 0.25)
        (0.5, 0.5, (8, 8)),
        (0.75, 0.5, (9, 9)),  # 8 * 1.125
        (0.9999, 0.5, (10, 10)),  # 8 * 1.25, all of the crop's height.
        (0.5, 0.0, (7, 10)),  # The ratio is 1 / 1.44: 8 / 1.2 = 6.7 and 8 * 1.2 = 9.6.
    ],
)
def test_zoom_and_stretch_change_the_views_sides(
    zoom: float, stretch: float, sides: tuple[int, int]
) -> None:
    settings = AugmentSettings(zoom=0.25, stretch=0.44)
    chosen = augmentation.random_view(WINDOW, draws(zoom=zoom, stretch=stretch), SIZE, settings)
    np.testing.assert_array_equal(chosen[2:], sides)


@pytest.mark.slow
def test_a_zoomed_view_never_leaves_the_crop() -> None:
    settings = AugmentSettings(zoom=0.5, stretch=1.0)
    sizes = set()
    for row in tf.unstack(augmentation.draws_for(1, tf.constant(3, tf.int64), 300)):
        numbers = augmentation.Draws(*tf.unstack(row))
        view = augmentation.random_view(WINDOW, numbers, SIZE, settings)
        y, x, height, width = view.numpy().tolist()
        assert y >= 0 and x >= 0 and y + height <= 10 and x + width <= 12
        assert height >= 1 and width >= 1
        sizes.add((height, width))
    assert len(sizes) > 20


def test_a_flip_swaps_left_and_right_and_never_top_and_bottom() -> None:
    pixels = tf.constant(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    expected = [[[3, 4, 5], [0, 1, 2]], [[9, 10, 11], [6, 7, 8]]]
    np.testing.assert_array_equal(augmentation.flip(pixels, tf.constant(0.49)), expected)
    np.testing.assert_array_equal(augmentation.flip(pixels, tf.constant(0.5)), pixels)


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((1.0, 1.0, 1.0), [100, 200, 0]),
        ((1.2, 1.0, 1.0), [120, 240, 0]),
        ((1.5, 1.0, 1.0), [150, 255, 0]),  # 300 is cut.
        # 127.5 + 0.5 * (-27.5, 72.5, -127.5) = 113.75, 163.75, 63.75.
        ((1.0, 0.5, 1.0), [114, 164, 64]),
        # Grey is 0.299 * 100 + 0.587 * 200 = 147.3.
        ((1.0, 1.0, 0.0), [147, 147, 147]),
        # Half way there: 123.65, 173.65, 73.65.
        ((1.0, 1.0, 0.5), [124, 174, 74]),
        ((1.0, 1.5, 1.0), [86, 236, 0]),  # 86.25, 236.25, and -63.75 is cut.
    ],
)
def test_colours_are_multiplied_as_worked_out_by_hand(
    factors: tuple[float, float, float], expected: list[int]
) -> None:
    pixels = tf.constant([[[100, 200, 0]]], tf.uint8)
    jittered = augmentation.color_jitter(pixels, *(tf.constant(factor) for factor in factors))
    assert jittered.dtype == tf.uint8
    np.testing.assert_array_equal(jittered, [[expected]])


def test_a_draw_in_the_middle_changes_no_colour() -> None:
    pixels = tf.constant(np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3))
    settings = AugmentSettings(brightness=0.5, contrast=0.5, saturation=0.5)
    np.testing.assert_array_equal(augmentation.augment(pixels, draws(), settings), pixels)


def test_draws_spread_the_factor_around_one() -> None:
    # 0.75 of the way from 0.8 to 1.2 is 1.1.
    pixels = tf.constant([[[100, 100, 100]]], tf.uint8)
    settings = AugmentSettings(flip=False, brightness=0.2, contrast=0, saturation=0)
    augmented = augmentation.augment(pixels, draws(brightness=0.75), settings)
    np.testing.assert_array_equal(augmented, [[[110, 110, 110]]])


def test_a_blank_has_the_drawn_area_and_position() -> None:
    # A share of 0.02 + 0.18 * 0.5 = 0.11 of 100 x 100, square: sides of 33.2; 68 positions each.
    pixels = tf.zeros([100, 100, 3], tf.uint8)
    erased = augmentation.random_erase(pixels, draws(erase_y=0.0, erase_x=0.99)).numpy()
    rows, columns = np.nonzero(erased[..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 32, 67, 99)
    assert len(rows) == 33 * 33
    np.testing.assert_array_equal(erased[0, 99], BLANK)


@pytest.mark.parametrize(("aspect", "sides"), [(0.0, (18, 60)), (0.9999, (60, 18))])
def test_a_blank_may_be_long_and_thin(aspect: float, sides: tuple[int, int]) -> None:
    # sqrt(0.11 / 3.3) = 0.1826, sqrt(0.11 * 3.3) = 0.6025.
    pixels = tf.zeros([100, 100, 3], tf.uint8)
    erased = augmentation.random_erase(pixels, draws(erase_aspect=aspect)).numpy()[..., 0] > 0
    assert (erased.any(axis=1).sum(), erased.any(axis=0).sum()) == sides


def test_only_the_share_of_the_settings_is_blanked() -> None:
    pixels = tf.zeros([20, 20, 3], tf.uint8)
    settings = AugmentSettings(flip=False, brightness=0, contrast=0, saturation=0, erase=0.25)
    assert augmentation.augment(pixels, draws(erase=0.24), settings).numpy().any()
    assert not augmentation.augment(pixels, draws(erase=0.25), settings).numpy().any()


def test_a_batchs_draws_depend_on_the_seed_and_its_position_alone() -> None:
    def numbers(seed: int, start: int) -> list[float]:
        rows = augmentation.draws_for(seed, tf.constant(start, tf.int64), 2)
        return [float(number) for number in rows.numpy().ravel()]

    assert numbers(1, 5) == numbers(1, 5)
    assert len({*numbers(1, 5), *numbers(1, 6), *numbers(2, 5)}) == 3 * len(numbers(1, 5))
    assert all(0 <= n < 1 for n in numbers(1, 5))
