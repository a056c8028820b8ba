"""What the gate of exported locators keeps and refuses."""

import numpy as np
import pytest

from models.exporting import locator_gate
from models.exporting.locator_gate import Finds

PHOTOS = 100


def finds(photos: int = PHOTOS, empty: int = 100) -> Finds:
    """Finds of boxes of 40 pixels a side; nothing in the last photo, and none in background."""
    boxes = np.zeros((photos + empty, 4), np.float32)
    boxes[: photos - 1] = 10, 20, 40, 40
    return Finds(np.full(photos + empty, 0.8, np.float32), boxes)


@pytest.mark.parametrize(("other", "passed"), [(1, True), (2, False)])
def test_fewer_bits_may_find_something_else_once_in_a_hundred(other: int, passed: bool) -> None:
    boxes = finds().boxes.copy()
    boxes[:other, 1] += 3  # 37 of 43 columns.
    parity = locator_gate.compare(Finds(finds().scores, boxes), finds(), PHOTOS, is_float32=False)
    assert (parity.passed, parity.same_finds) == (passed, 1 - other / 100)
    assert parity.same_empty == 1
    assert f"{100 - other:.1f}% of 100 photos and 100.0% of 100 pictures" in parity.reason


@pytest.mark.parametrize(("other", "passed"), [(1, True), (2, False)])
def test_so_may_pictures_of_background_for_themselves(other: int, passed: bool) -> None:
    boxes = finds().boxes.copy()
    boxes[PHOTOS : PHOTOS + other] = 10
    parity = locator_gate.compare(Finds(finds().scores, boxes), finds(), PHOTOS, is_float32=False)
    assert (parity.passed, parity.same_finds) == (passed, 1)
    assert parity.same_empty == 1 - other / 100


def test_an_animal_where_there_is_none_is_another_find_and_so_is_none() -> None:
    asked = finds(10, 0)
    for place in (0, -1):
        boxes = asked.boxes.copy()
        boxes[place] = 0 if place == 0 else 10
        parity = locator_gate.compare(Finds(asked.scores, boxes), asked, 10, is_float32=False)
        assert (parity.same_finds, parity.same_empty) == (0.9, None)
        assert "background" not in parity.reason.partition("Received")[2]


@pytest.mark.parametrize(
    ("difference", "passed"), [(0.99e-3, True), (1.01e-3, False), (np.nan, False)]
)
def test_scores_of_float32_pass_at_the_limit_and_not_above(difference: float, passed: bool) -> None:
    moved = Finds(finds().scores + np.float32(difference), finds().boxes)
    assert locator_gate.compare(moved, finds(), PHOTOS, is_float32=True).passed is passed
    assert locator_gate.compare(moved, finds(), PHOTOS, is_float32=False).passed
