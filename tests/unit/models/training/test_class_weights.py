"""Class weights, worked out by hand."""

import logging

import pytest

from models.settings.training import TrainSettings
from models.training import losses

MOOD_NAMES = ["화남", "공포", "행복", "편안", "공격성", "불안"]
COUNTS = [74_578, 4_795, 515_248, 1_364_794, 115_619, 52_928]
"""Of the original's training split."""


def test_weights_are_n_over_k_times_count() -> None:
    # n = 12, k = 3: 12 / (3 * 6), 12 / (3 * 4), 12 / (3 * 2).
    weights = losses.balanced_weights([6, 4, 2], ["a", "b", "c"], cap=100)
    assert weights == pytest.approx([2 / 3, 1.0, 2.0])
    assert sum(w * n for w, n in zip(weights, [6, 4, 2], strict=True)) / 12 == pytest.approx(1.0)


def test_the_originals_rarest_mood_has_a_weight_of_74() -> None:
    weights = losses.balanced_weights(COUNTS, MOOD_NAMES, cap=100)
    assert weights[1] == pytest.approx(2_127_962 / (6 * 4_795))
    assert weights[1] == pytest.approx(73.96, abs=0.01)


def test_an_absent_mood_has_weight_0_and_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        weights = losses.balanced_weights([3, 0, 1], ["화남/불쾌", "공포", "행복/즐거움"], cap=100)
    # n = 4, and k = 2 are present: 4 / (2 * 3), 0, 4 / (2 * 1).
    assert weights == pytest.approx([2 / 3, 0.0, 2.0])
    assert "공포" in caplog.text
    assert "화남/불쾌" not in caplog.text


def test_the_cap_lowers_the_rarest_and_leaves_the_others() -> None:
    # 2,127,962 / 6 over each count: 4.76, 73.96, 0.69, 0.26, 3.07, 6.70.
    weights = losses.balanced_weights(COUNTS, MOOD_NAMES, cap=5)
    assert weights == pytest.approx([4.756, 5, 0.6883, 0.2599, 3.068, 5], rel=1e-3)


def test_a_power_tempers_the_weights_and_keeps_the_losss_scale() -> None:
    # Square roots of 4/5 and 4/3 for counts of 10 and 6; their mean over the examples is 1.
    weights = losses.balanced_weights([10, 6], ["a", "b"], cap=10, power=0.5)
    assert weights[1] / weights[0] == pytest.approx((10 / 6) ** 0.5)
    assert 10 * weights[0] + 6 * weights[1] == pytest.approx(16)
    assert losses.balanced_weights([10, 6], ["a", "b"], cap=10, power=0.0) == pytest.approx([1, 1])


def test_the_weights_and_the_imbalance_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        losses.class_weights(TrainSettings(class_weight_power=0.5), COUNTS, MOOD_NAMES)
    assert "285 times" in caplog.text
    # sqrt(73.96) = 8.60, over their mean of 0.78 is 11, which the cap cuts.
    assert "공포 10.00" in caplog.text


@pytest.mark.parametrize("imbalance", ["none", "logit_adjustment", "focal"])
def test_with_another_method_all_weights_are_1(imbalance: str) -> None:
    assert losses.class_weights(TrainSettings(imbalance=imbalance), COUNTS, MOOD_NAMES) == [1.0] * 6


def test_the_settings_cap_is_used() -> None:
    weights = losses.class_weights(TrainSettings(class_weight_cap=5.0), COUNTS, MOOD_NAMES)
    assert max(weights) == 5.0
