"""Temperature scaling: the fitted number, and the loss that it lowers."""

import numpy as np
import pytest

from models.servable import temperature


def test_the_temperature_makes_confidence_the_share_of_right_predictions() -> None:
    # Predicted with 0.9 and right 6 times of 10: log(9) / T must be log(1.5).
    probabilities = np.array([[0.9, 0.1]] * 10, np.float32)
    label_indices = np.array([0] * 6 + [1] * 4)
    found = temperature.fit(probabilities, label_indices)
    assert found == pytest.approx(np.log(9) / np.log(1.5), rel=1e-3)


def test_probabilities_of_0_do_not_break_the_fit() -> None:
    found = temperature.fit(np.array([[1, 0], [1, 0]], np.float32), np.array([0, 1]))
    assert found == pytest.approx(temperature.HIGHEST, rel=0.01)


def test_the_loss_is_the_mean_negative_log_likelihood_of_the_scaled_probabilities() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5]], np.float32)
    # At temperature 2 the odds of 9 become 3: 0.75 and 0.25.
    np.testing.assert_allclose(
        temperature.scaled(probabilities, 2.0), [[0.75, 0.25], [0.5, 0.5]], rtol=1e-6
    )
    found = temperature.loss(probabilities, np.array([1, 0]), 2.0)
    assert found == pytest.approx(-(np.log(0.25) + np.log(0.5)) / 2)
