"""Losses of two examples, worked out by hand."""

import keras
import numpy as np
import pytest

from models.settings.training import TrainSettings
from models.training.losses import loss_for

COUNTS = [80, 15, 5]
Y_TRUE = np.float32([[1, 0, 0], [0, 0, 1]])
Y_PRED = np.float32([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]])


def loss_of(**changes: object) -> float:
    settings = TrainSettings(**{"label_smoothing": 0.0, **changes})  # type: ignore[arg-type]
    return float(loss_for(settings, COUNTS)(Y_TRUE, Y_PRED))


@pytest.mark.parametrize("imbalance", ["none", "class_weights"])
def test_plain_cross_entropy_is_the_mean_of_minus_log(imbalance: str) -> None:
    # -ln 0.7 = 0.35667 and -ln 0.2 = 1.60944.
    assert loss_of(imbalance=imbalance) == pytest.approx((0.35667 + 1.60944) / 2, abs=1e-5)


def test_class_weights_multiply_each_examples_loss() -> None:
    loss = loss_for(TrainSettings(label_smoothing=0.0), COUNTS)
    weighted = float(loss(Y_TRUE, Y_PRED, sample_weight=np.float32([0.5, 4.0])))
    assert weighted == pytest.approx((0.5 * 0.35667 + 4.0 * 1.60944) / 2, abs=1e-5)


def test_smoothing_spreads_its_share_over_all_moods() -> None:
    # The first label is (0.8, 0.1, 0.1): 0.8 * 0.35667 + 0.1 * 1.60944 + 0.1 * 2.30259.
    # The second: 0.1 * 0.69315 + 0.1 * 1.20397 + 0.8 * 1.60944.
    first, second = 0.67654, 1.47726
    assert loss_of(label_smoothing=0.3) == pytest.approx((first + second) / 2, abs=1e-5)


def test_focal_lowers_the_loss_of_confident_predictions() -> None:
    # (1 - 0.7)^2 * 0.35667 = 0.03210 and (1 - 0.2)^2 * 1.60944 = 1.03004.
    focal = loss_of(imbalance="focal", focal_gamma=2.0)
    assert focal == pytest.approx((0.03210 + 1.03004) / 2, abs=1e-5)


def test_focal_without_gamma_is_cross_entropy() -> None:
    assert loss_of(imbalance="focal", focal_gamma=0.0) == pytest.approx(0.98306, abs=1e-5)


def test_logit_adjustment_multiplies_probabilities_by_the_prior() -> None:
    # With tau 1: (0.7 * 0.80, 0.2 * 0.15, 0.1 * 0.05) = (0.56, 0.03, 0.005), and 0.56 / 0.595.
    # (0.5 * 0.80, 0.3 * 0.15, 0.2 * 0.05) = (0.40, 0.045, 0.010), and 0.010 / 0.455.
    first, second = -np.log(0.56 / 0.595), -np.log(0.010 / 0.455)
    adjusted = loss_of(imbalance="logit_adjustment", logit_adjustment_tau=1.0)
    assert adjusted == pytest.approx((first + second) / 2, rel=1e-5)


def test_tau_is_the_power_of_the_prior() -> None:
    # With tau 2: (0.7 * 0.64, 0.2 * 0.0225, 0.1 * 0.0025), (0.5 * 0.64, 0.3 * 0.0225, ...).
    first = -np.log(0.448 / (0.448 + 0.0045 + 0.00025))
    second = -np.log(0.0005 / (0.32 + 0.00675 + 0.0005))
    adjusted = loss_of(imbalance="logit_adjustment", logit_adjustment_tau=2.0)
    assert adjusted == pytest.approx((first + second) / 2, rel=1e-5)


def test_logit_adjustment_smooths_labels_too() -> None:
    shares = np.array([[0.56, 0.03, 0.005], [0.40, 0.045, 0.010]])
    logs = -np.log(shares / shares.sum(axis=1, keepdims=True))
    expected = (logs * [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]).sum(axis=1).mean()
    adjusted = loss_of(imbalance="logit_adjustment", label_smoothing=0.3)
    assert adjusted == pytest.approx(expected, rel=1e-5)


def test_logit_adjustment_equals_adding_to_the_logits() -> None:
    logits = np.float32([[3.0, -1.0, 0.5], [40.0, -40.0, 0.0]])  # Some p are below 1e-30.
    shifted = logits + np.log(np.float32(COUNTS) / 100)
    expected = keras.losses.categorical_crossentropy(Y_TRUE, shifted, from_logits=True)
    settings = TrainSettings(label_smoothing=0.0, imbalance="logit_adjustment")
    y_pred = keras.ops.softmax(logits)
    measured = loss_for(settings, COUNTS)(Y_TRUE, y_pred)
    assert float(measured) == pytest.approx(float(keras.ops.mean(expected)), rel=1e-5)


def test_a_mood_without_examples_keeps_the_adjusted_loss_finite() -> None:
    settings = TrainSettings(label_smoothing=0.1, imbalance="logit_adjustment")
    assert np.isfinite(float(loss_for(settings, [80, 20, 0])(Y_TRUE, Y_PRED)))
