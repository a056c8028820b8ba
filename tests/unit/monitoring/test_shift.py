"""Estimated shares of moods, and the macro-F1 that follows."""

import numpy as np
import pytest

from monitoring.shift import estimated_prior, estimated_prior_em, shift
from testing.monitoring.streams import PRIOR, confusion_rates, draw, shifted_prior


def test_shares_by_hand() -> None:
    # 90 % of the first mood are right, 80 % of the second.
    confusion = np.array([[90.0, 10], [20, 80]])
    # 0.3 of the first: 0.3 * 0.9 + 0.7 * 0.2 = 0.41 are predicted as the first.
    prior = estimated_prior(confusion, np.array([41.0, 59]))
    assert prior == pytest.approx([0.3, 0.7], abs=1e-6)


def test_a_mood_without_eval_rows_keeps_the_share_0() -> None:
    confusion = np.array([[9.0, 1, 0], [2, 8, 0], [0, 0, 0]])
    prior = estimated_prior(confusion, np.array([5.0, 5, 3]))
    assert prior[2] == 0
    assert prior.sum() == pytest.approx(1)


def test_the_estimate_lies_within_three_hundredths_of_the_truth() -> None:
    """With 2,000 requests; the predictions alone would be off by 0.15."""
    rng = np.random.default_rng(0)
    confusion = 5000 * PRIOR[:, None] * confusion_rates()
    stream = draw(rng, 2000, "prior")
    predicted = np.bincount(stream.mood[stream.mood >= 0], minlength=6).astype(float)
    found = shift(confusion, predicted, rng)
    truth = shifted_prior()
    assert found.prior[2] == pytest.approx(truth[2], abs=0.03)
    assert abs(PRIOR[2] - found.prior[2]) > 0.15
    assert (found.interval[0] <= truth + 1e-3).all() and (truth <= found.interval[1] + 1e-3).all()
    joint = truth[:, None] * confusion_rates()
    f1 = 2 * np.diag(joint) / (joint.sum(0) + joint.sum(1))
    assert found.macro_f1 == pytest.approx(f1.mean(), abs=0.05)
    low, high = found.macro_f1_interval
    assert low < found.macro_f1 < high


def test_expectation_maximisation_finds_the_shares_from_calibrated_probabilities() -> None:
    rng = np.random.default_rng(1)
    before, after = np.array([0.5, 0.5]), np.array([0.2, 0.8])
    # A mood's feature is normal around -1 or 1, so that the posterior is known.
    true = rng.choice(2, 5000, p=after)
    feature = rng.normal(2 * true - 1.0, 1)
    second = 1 / (1 + np.exp(-2 * feature))
    probabilities = np.stack([1 - second, second], 1)
    assert estimated_prior_em(probabilities, before) == pytest.approx(after, abs=0.02)
