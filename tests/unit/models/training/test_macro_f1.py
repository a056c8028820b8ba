"""Macro-F1 in training is that of the evaluation."""

import numpy as np
import pytest

from dataset import scores
from models.training.macro_f1 import MacroF1


def by_metric(y_true, probabilities):
    metric = MacroF1(probabilities.shape[1])
    for begin in range(0, len(y_true), 7):
        part = slice(begin, begin + 7)
        metric.update_state(np.eye(probabilities.shape[1])[y_true[part]], probabilities[part])
    return float(metric.result())


def by_scores(y_true, probabilities):
    num_classes = probabilities.shape[1]
    finite = np.isfinite(probabilities).all(axis=1)
    y_pred = np.where(finite, np.nan_to_num(probabilities).argmax(axis=1), num_classes)
    confusion = np.zeros((num_classes, num_classes + 1))
    np.add.at(confusion, (y_true, y_pred), 1)
    return float(scores.macro_f1(confusion))


@pytest.mark.parametrize("present", [(0, 1, 2, 3, 4, 5), (0, 3, 4), (2,)])
def test_training_and_evaluation_have_one_definition(present):
    random = np.random.default_rng(len(present))
    y_true = random.choice(present, 100)
    probabilities = random.dirichlet([1] * 6, 100).astype(np.float32)
    probabilities[3, 2] = np.nan
    probabilities[10:20] = 1 / 6  # Equals: the first is predicted.
    assert by_metric(y_true, probabilities) == pytest.approx(by_scores(y_true, probabilities))


def test_a_mood_without_rows_does_not_lower_it():
    # a: 2 / 2 right, b: 1 of 2, one of b predicted as a. F1: 4 / 5 and 2 / 3; c has no rows.
    y_true, y_pred = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    assert by_metric(y_true, np.eye(3)[y_pred]) == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_it_begins_at_0_and_is_reset():
    metric = MacroF1(3)
    assert float(metric.result()) == 0
    metric.update_state(np.eye(3), np.eye(3), sample_weight=np.array([1.0, 0.0, 9.0]))
    assert float(metric.result()) == 1
    metric.reset_state()
    assert float(metric.result()) == 0
