"""The threshold of unsure answers."""

import numpy as np
import pytest

from models.servable import threshold

CERTAINTY = np.array([0.9, 0.5, 0.7, 0.6, 0.8])


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [(1.0, 0.0), (0.8, 0.55), (0.79, 0.55), (0.61, 0.55), (0.6, 0.65), (0.2, 0.85), (0.01, 0.85)],
)
def test_at_least_the_asked_share_is_sure(coverage: float, expected: float) -> None:
    # Half way between the last sure answer and the first that is not.
    found = threshold.for_coverage(CERTAINTY, coverage)
    assert found == pytest.approx(expected)
    assert (found <= CERTAINTY).mean() >= coverage


def test_equal_answers_are_all_sure() -> None:
    certainty = np.array([1.0, 1.0, 1.0, 0.4])
    assert threshold.for_coverage(certainty, 0.25) == pytest.approx(0.7)
    assert threshold.for_coverage(np.ones(4), 0.25) == 0.0


def test_the_threshold_is_a_float32_not_above_the_last_sure_answer() -> None:
    near = np.nextafter(np.float32(0.7), np.float32(0))
    certainty = np.array([np.float32(0.7), near], np.float64)
    found = threshold.for_coverage(certainty, 0.5)
    assert found == float(np.float32(found))
    assert (certainty.astype(np.float32) >= np.float32(found)).tolist()[0]


def test_most_answers_are_sure_that_are_together_as_accurate() -> None:
    # Of 40 clips, falling from 0.99: right are the first 30, the 31st to 35th are wrong.
    certainty = 0.99 - 0.01 * np.arange(40)
    right = ~np.isin(np.arange(40), [30, 31, 32, 33, 34])
    clips = np.arange(40)
    # 35 of 40 are 0.875 and 30 of 31 are 0.968; 31 of 36 are 0.861 and 30 of 33 are 0.909.
    assert threshold.for_accuracy(certainty, right, clips, 0.875) == 0.0
    found = threshold.for_accuracy(certainty, right, clips, 0.9)
    assert (certainty >= found).sum() == 33
    assert (certainty >= threshold.for_accuracy(certainty, right, clips, 0.99)).sum() == 30


def test_some_few_clips_that_are_right_by_chance_are_no_accuracy() -> None:
    certainty = 0.99 - 0.01 * np.arange(40)
    right = np.arange(40) < 19
    assert threshold.for_accuracy(certainty, right, np.arange(40), 0.99) == threshold.ALL_UNSURE
    right[19] = True
    assert (certainty >= threshold.for_accuracy(certainty, right, np.arange(40), 0.99)).sum() == 20
    # Frames of one clip are one clip.
    one_clip = threshold.for_accuracy(certainty, right, np.zeros(40, int), 0.99)
    assert one_clip == threshold.ALL_UNSURE


def test_equal_answers_are_not_divided_by_their_truth() -> None:
    certainty = np.array([0.9] * 25 + [0.6] * 50)
    right = np.array([True] * 50 + [False] * 25)
    found = threshold.for_accuracy(certainty, right, np.arange(75), 0.9)
    assert found == pytest.approx(0.75)
