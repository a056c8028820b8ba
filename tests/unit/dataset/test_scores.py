"""Scores from a confusion matrix, computed by hand on 12 rows."""

import numpy as np
import pytest

from dataset import scores

# True mood a: 6 rows, 4 of them predicted as a, 1 as b, 1 as c. b: 4 rows, 2 as b, 2 as a.
# c: 2 rows, 1 as c, 1 as a.
TWELVE = np.array([[4.0, 1, 1], [2, 2, 0], [1, 0, 1]])

# F1 is 2 TP / (rows of the mood + predictions of the mood):
# a 8 / (6 + 7), b 4 / (4 + 3), c 2 / (2 + 2).
F1 = (8 / 13, 4 / 7, 1 / 2)


def test_headline_scores_of_twelve_rows():
    expected = [7 / 12, (4 / 6 + 2 / 4 + 1 / 2) / 3, sum(F1) / 3]
    np.testing.assert_allclose(scores.headline(TWELVE), expected)


def test_scores_of_each_mood():
    np.testing.assert_allclose(scores.precisions(TWELVE), [4 / 7, 2 / 3, 1 / 2])
    np.testing.assert_allclose(scores.recalls(TWELVE), [4 / 6, 2 / 4, 1 / 2])
    np.testing.assert_allclose(scores.f1s(TWELVE), F1)


def test_many_matrices_are_scored_as_each_alone():
    other = np.array([[3.0, 0, 1], [0, 4, 0], [0, 0, 0]])
    both = scores.headline(np.stack([TWELVE, other]))
    np.testing.assert_allclose(both, [scores.headline(TWELVE), scores.headline(other)])


def test_the_majority_predicts_the_commonest_mood_of_the_rows():
    # All 12 rows are predicted as a, 6 of them correctly; F1 of a is 12 / (6 + 12), the others' 0.
    values = scores.headline(scores.majority_confusion(TWELVE, 0))
    np.testing.assert_allclose(values, [1 / 2, 1 / 3, 12 / 18 / 3])


def test_the_majority_scores_of_the_real_set():
    confusion = np.diag([25181.0, 2606, 219600, 466171, 16207, 27313])
    values = scores.headline(scores.majority_confusion(confusion, 3)).round(3)
    assert values.tolist() == [0.616, 0.167, 0.127]


def test_a_mood_without_rows_is_left_out_of_the_means():
    confusion = np.array([[3.0, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert scores.balanced_accuracy(confusion) == pytest.approx((3 / 4 + 1) / 2)
    # a: 6 / (4 + 3), b: 8 / (4 + 4).
    assert scores.macro_f1(confusion) == pytest.approx((6 / 7 + 1) / 2)


def test_rows_without_a_prediction_are_wrong_and_predict_no_mood():
    # Of 4 rows of a one has no prediction: recall 3 / 4, precision 3 / 3, F1 6 / (4 + 3).
    confusion = np.array([[3.0, 0, 1], [0, 4, 0]])
    assert scores.accuracy(confusion) == pytest.approx(7 / 8)
    np.testing.assert_allclose(scores.precisions(confusion), [1, 1])
    np.testing.assert_allclose(scores.recalls(confusion), [3 / 4, 1])
    np.testing.assert_allclose(scores.f1s(confusion), [6 / 7, 1])


def test_no_rows_score_nothing():
    assert scores.headline(np.zeros((2, 2))).tolist() == [0.0, 0.0, 0.0]
