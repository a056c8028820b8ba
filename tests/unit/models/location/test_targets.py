"""Targets, loss and decoding of the locator's map, on numbers worked out by hand."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models.location import decoding, targets

CELLS = 8
BOX = (0.25, 0.5, 0.75, 1.0)
"""Rows 2 to 6 and columns 4 to 8 of the map: its centre (4, 6) is the corner of four cells."""
MOVED = (0.3125, 0.5, 0.8125, 1.0625)
"""Its centre (4.5, 6.25) lies in the cell (4, 6)."""


def boxes_of(*boxes: tuple[float, ...]) -> tf.Tensor:
    padded = np.zeros((targets.MAX_BOXES, 4), np.float32)
    padded[: len(boxes)] = np.array(boxes, np.float32).reshape(-1, 4)
    return tf.constant(padded)


def perfect_map(wanted: targets.Targets, sure: float) -> npt.NDArray[np.float32]:
    """Returns the map that says what is wanted, with logits within ``sure`` of 0."""
    cells = (np.arange(CELLS) + 0.5) / CELLS
    centre = np.stack(np.meshgrid(cells, cells, indexing="ij"), axis=-1)
    boxes = wanted.boxes.numpy()
    located = np.zeros((CELLS, CELLS, 5), np.float32)
    with np.errstate(divide="ignore"):
        logits = np.log(wanted.heat.numpy()) - np.log1p(-wanted.heat.numpy())
    located[..., 0] = np.clip(logits, -sure, sure)
    located[..., 1:3], located[..., 3:] = centre - boxes[..., :2], boxes[..., 2:] - centre
    return located


def batched(wanted: targets.Targets) -> targets.Targets:
    return targets.Targets(*(part[tf.newaxis] for part in wanted))


def test_the_heat_is_one_in_the_cell_of_the_centre_and_falls_with_the_boxs_side() -> None:
    # The centre is the corner of four cells, which are as near.
    heat = targets.targets_for(boxes_of(BOX), CELLS).heat.numpy()
    assert np.argwhere(heat == 1).tolist() == [[3, 5], [3, 6], [4, 5], [4, 6]]
    # Four cells a side: a standard deviation of half a cell.
    heat = targets.targets_for(boxes_of(MOVED), CELLS).heat.numpy()
    assert np.argwhere(heat == 1).tolist() == [[4, 6]]
    assert heat[3, 6] == pytest.approx(np.exp(-1 / 2 / 0.5**2), rel=1e-4)
    # A box of all the picture: 8 * 0.09 = 0.72 cells.
    heat = targets.targets_for(boxes_of((0.0, 0.0, 1.0, 1.0)), CELLS).heat.numpy()
    assert heat[2, 4] == pytest.approx(np.exp(-(1.5**2 - 0.5**2) / 2 / 0.72**2), rel=1e-4)


def test_the_cells_around_the_centre_learn_the_box_too() -> None:
    wanted = targets.targets_for(boxes_of(BOX), CELLS)
    weights = wanted.weights.numpy()
    assert float(wanted.count) == 1
    # A standard deviation of 4 * 0.2 = 0.8 cells; squared distances beyond the nearest's, 0 or 2.
    assert weights[4, 6] == pytest.approx(1)
    assert weights[2, 6] == pytest.approx(np.exp(-2 / 2 / 0.8**2), rel=1e-4)
    assert weights[1, 6] == 0  # exp(-6 / 1.28) is too little.
    for cell in np.argwhere(weights > 0):
        np.testing.assert_allclose(wanted.boxes.numpy()[tuple(cell)], BOX)


def test_a_picture_without_an_animal_has_no_heat_and_learns_no_box() -> None:
    wanted = targets.targets_for(boxes_of(), CELLS)
    assert wanted.heat.numpy().max() == wanted.weights.numpy().max() == float(wanted.count) == 0


def test_two_animals_have_a_peak_each() -> None:
    other = (0.0, 0.0, 0.25, 0.1875)  # Its centre (1, 0.75) lies between two cells.
    wanted = targets.targets_for(boxes_of(MOVED, other), CELLS)
    assert np.argwhere(wanted.heat.numpy() == 1).tolist() == [[0, 0], [1, 0], [4, 6]]
    np.testing.assert_allclose(wanted.boxes.numpy()[1, 0], other)
    np.testing.assert_allclose(wanted.boxes.numpy()[4, 6], MOVED)


def test_the_right_map_costs_nothing_and_a_wrong_one_does() -> None:
    wanted = batched(targets.targets_for(boxes_of(BOX), CELLS))
    right = perfect_map(targets.targets_for(boxes_of(BOX), CELLS), 12.0)
    assert float(targets.loss(tf.constant(right[np.newaxis]), wanted)) < 1e-3
    for wrong in (right * [-1, 1, 1, 1, 1], right + np.array([0, 0.2, 0.2, 0, 0])):
        wrong = wrong.astype(np.float32)[np.newaxis]
        assert float(targets.loss(tf.constant(wrong), wanted)) > 0.3


def test_the_generalised_iou_is_that_of_its_article() -> None:
    def giou(*boxes: tuple[float, ...]) -> float:
        return float(targets.generalised_iou(*map(tf.constant, boxes)))

    unit = (0.0, 0.0, 1.0, 1.0)
    assert giou(unit, unit) == pytest.approx(1, abs=1e-5)
    # Halves of each other: IoU 0.5, and the hull is the larger one.
    assert giou(unit, (0.0, 0.0, 1.0, 0.5)) == pytest.approx(0.5, abs=1e-5)
    # Apart by their own width: no overlap, and a third of the hull is in neither.
    assert giou(unit, (0.0, 2.0, 1.0, 3.0)) == pytest.approx(-1 / 3, abs=1e-5)


def test_the_best_place_is_decoded_to_the_box_that_was_taught() -> None:
    located = perfect_map(targets.targets_for(boxes_of(BOX), CELLS), 4.0)
    found = decoding.peaks(tf.constant(located[np.newaxis]), 2)
    np.testing.assert_allclose(found.boxes.numpy()[0, 0], BOX, atol=1e-6)
    assert found.scores.numpy()[0, 0] == pytest.approx(1 / (1 + np.exp(-4)))


def test_a_cell_beside_a_better_one_is_no_place_of_its_own() -> None:
    located = np.full((1, CELLS, CELLS, 5), -9, np.float32)
    located[0, 2, 2:4, 0] = 3, 2  # Neighbours: one animal.
    located[0, 6, 6, 0] = 1
    scores = decoding.peaks(tf.constant(located), 2).scores.numpy()[0]
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-1))], rtol=1e-5)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.0, 0.0, 1.0, 1.0), (0, 0, 30, 40)),
        ((0.1, 0.25, 0.5, 0.75), (3, 10, 12, 20)),
        ((1.0, 1.0, 1.0, 1.0), (29, 39, 1, 1)),  # Of no area, at the last corner.
        ((0.5, 0.5, 0.2, 0.2), (15, 20, 1, 1)),  # Its end lies before its beginning.
    ],
)
def test_a_box_in_pixels_lies_within_the_photo_and_has_an_area(
    box: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    found = decoding.pixel_boxes(tf.constant([box]), tf.constant([[30, 40]], tf.int64))
    assert found.numpy().tolist() == [[*expected]]
