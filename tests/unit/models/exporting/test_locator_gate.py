"""What the gate of exported locators keeps and refuses."""

import numpy as np

from models.exporting import locator_gate
from models.exporting.locator_gate import Finds


def finds(count: int = 100) -> Finds:
    """Finds of boxes of 40 pixels a side; nothing in the last photo."""
    boxes = np.tile(np.array([10, 20, 40, 40], np.float32), (count, 1))
    boxes[-1] = 0
    return Finds(np.full(count, 0.8, np.float32), boxes)


def test_fewer_bits_may_find_something_else_once_in_a_hundred() -> None:
    for other, passed in ((1, True), (2, False)):
        boxes = finds().boxes.copy()
        boxes[:other, 1] += 3  # 37 of 43 columns.
        parity = locator_gate.compare(Finds(finds().scores, boxes), finds(), is_float32=False)
        assert (parity.passed, parity.same_finds) == (passed, 1 - other / 100)
        assert "99%" in parity.reason


def test_an_animal_where_there_is_none_is_another_find_and_so_is_none() -> None:
    for place in (0, -1):
        boxes = finds(10).boxes.copy()
        boxes[place] = 0 if place == 0 else 10
        moved = Finds(finds(10).scores, boxes)
        assert locator_gate.compare(moved, finds(10), is_float32=False).same_finds == 0.9


def test_scores_of_float32_pass_at_the_limit_and_not_above() -> None:
    for difference, passed in ((0.99e-3, True), (1.01e-3, False), (np.nan, False)):
        moved = Finds(finds().scores + np.float32(difference), finds().boxes)
        assert locator_gate.compare(moved, finds(), is_float32=True).passed is passed
        assert locator_gate.compare(moved, finds(), is_float32=False).passed
