"""What the gate of the exports keeps and refuses."""

import numpy as np

from models.exporting import gate

LABELS = np.array([0, 1] * 50, np.int64)
UNITS = [f"animal {index // 5}" for index in range(100)]


def answers(wrong: int = 0) -> np.ndarray:
    """float32[100, 2]: the true mood has 0.9; of the last ``wrong`` rows, the other one."""
    right = np.full((100, 2), 0.1, np.float32)
    moods = LABELS.copy()
    moods[100 - wrong :] = 1 - moods[100 - wrong :]
    right[np.arange(100), moods] = 0.9
    return right


def asked(wrong: int = 0) -> gate.Reference:
    return gate.reference(answers(wrong), LABELS, UNITS)


def test_float32_passes_at_the_limit_and_not_above() -> None:
    shifted = answers().astype(np.float64)
    for difference, passed in ((0.99e-4, True), (1.01e-4, False)):
        moved = shifted + np.array([difference, -difference])
        assert gate.compare(moved, asked(), is_float32=True).passed is passed


def test_fewer_bits_may_change_one_mood_of_a_hundred_and_no_second() -> None:
    # 20 of 100 wrong: the interval is wide enough for one or two more.
    reference = asked(20)
    for changed, passed in ((1, True), (2, False)):
        moved = answers(20 + changed)
        parity = gate.compare(moved, reference, is_float32=False)
        assert (parity.passed, parity.same_mood) == (passed, 1 - changed / 100)
        assert "99%" in parity.reason


def test_a_loss_of_macro_f1_beyond_the_interval_is_refused() -> None:
    # A model that is always right leaves no room: its interval is [1, 1].
    parity = gate.compare(answers(1), asked(), is_float32=False)
    assert parity.same_mood == 0.99
    assert parity.macro_f1 < asked().low == 1
    assert not parity.passed


def test_answers_that_are_no_numbers_are_wrong_and_never_pass() -> None:
    broken = answers()
    broken[3] = np.nan
    assert not gate.compare(broken, asked(), is_float32=True).passed
    parity = gate.compare(np.full((100, 2), np.inf, np.float32), asked(), is_float32=False)
    assert (parity.passed, parity.same_mood, parity.macro_f1) == (False, 0, 0)


def test_the_interval_is_drawn_by_animals() -> None:
    by_row = gate.reference(answers(20), LABELS, [str(index) for index in range(100)])
    # The 20 wrong rows are four animals: fewer units, a wider interval.
    assert asked(20).macro_f1 == by_row.macro_f1
    assert asked(20).low < by_row.low
