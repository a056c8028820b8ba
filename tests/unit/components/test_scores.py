"""Scores from a confusion matrix, worked out by hand on 12 rows."""

import numpy as np
import pytest

from components.evaluator import gate, scores
from components.limits import BlessingLimits

# Truth a: 6 rows, 4 right, 1 called b, 1 called c. b: 4 rows, 2 right, 2 called a.
# c: 2 rows, 1 right, 1 called a.
TWELVE = np.array([[4.0, 1, 1], [2, 2, 0], [1, 0, 1]])

# F1 is 2 TP / (rows of the mood + answers of the mood):
# a 8 / (6 + 7), b 4 / (4 + 3), c 2 / (2 + 2).
F1 = (8 / 13, 4 / 7, 1 / 2)


def test_headline_scores_of_twelve_rows():
    assert scores.headline(TWELVE) == {
        "accuracy": pytest.approx(7 / 12),
        "balanced_accuracy": pytest.approx((4 / 6 + 2 / 4 + 1 / 2) / 3),
        "macro_f1": pytest.approx(sum(F1) / 3),
    }


def test_scores_of_each_mood():
    table = scores.per_mood(TWELVE, ("a", "b", "c"))
    assert table["a"] == {
        "precision": pytest.approx(4 / 7),
        "recall": pytest.approx(4 / 6),
        "f1": pytest.approx(F1[0]),
        "support": 6,
    }
    assert table["b"]["precision"] == pytest.approx(2 / 3)
    assert table["c"]["recall"] == pytest.approx(1 / 2)


def test_the_majority_answers_the_commonest_mood_of_the_rows():
    # All 12 rows answered a: 6 right; F1 of a is 12 / (6 + 12), the others' 0.
    assert scores.headline(scores.majority_confusion(TWELVE)) == {
        "accuracy": pytest.approx(1 / 2),
        "balanced_accuracy": pytest.approx(1 / 3),
        "macro_f1": pytest.approx(12 / 18 / 3),
    }


def test_the_majority_scores_of_the_real_set():
    rows = np.array([25181.0, 2606, 219600, 466171, 16207, 27313])
    truth = np.diag(rows)
    assert {
        name: round(value, 3)
        for name, value in scores.headline(scores.majority_confusion(truth)).items()
    } == {"accuracy": 0.616, "balanced_accuracy": 0.167, "macro_f1": 0.127}


def test_a_mood_without_rows_is_left_out_of_the_means():
    confusion = np.array([[3.0, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert scores.balanced_accuracy(confusion) == pytest.approx((3 / 4 + 1) / 2)
    # a: 6 / (4 + 3), b: 8 / (4 + 4).
    assert scores.macro_f1(confusion) == pytest.approx((6 / 7 + 1) / 2)


def test_no_rows_score_nothing():
    assert scores.headline(np.zeros((2, 2))) == {
        "accuracy": 0.0,
        "balanced_accuracy": 0.0,
        "macro_f1": 0.0,
    }


def passed(confusion, baseline=None, **limits):
    checks = gate.checks(np.array(confusion, float), baseline, BlessingLimits(**limits))
    return {check.check: check.passed for check in checks}


def test_a_model_that_always_answers_the_commonest_mood_is_not_blessed():
    assert passed([[6, 0], [2, 0]]) == {"over_majority": False}


def test_the_gain_asked_for_is_enough_and_less_is_not():
    # a has 7 rows and 8 answers, b 4 rows and 3 answers; all 11 rows answered a have F1 14/18.
    confusion = [[6, 1], [2, 2]]
    gain = (12 / 15 + 4 / 7) / 2 - (14 / 18) / 2
    assert passed(confusion, min_gain=gain) == {"over_majority": True}
    assert passed(confusion, min_gain=gain + 1e-9) == {"over_majority": False}


def test_a_model_worse_than_the_last_blessed_is_not_blessed():
    better = np.array([[7.0, 0], [1, 3]])
    assert passed([[6, 1], [1, 3]], better) == {
        "over_majority": True,
        "not_worse_than_last_blessed": False,
    }
    assert passed(better, better)["not_worse_than_last_blessed"]
    assert passed([[6, 1], [1, 3]], better, max_loss=0.2)["not_worse_than_last_blessed"]


def test_a_single_row_answered_with_nan_is_refused():
    assert not gate.all_finite(1).passed
    assert gate.all_finite(0).passed
