"""Tests of the sample's settings and of the expected counts for them."""

from typing import Any

import pytest

from dataset.sample.clips import plan_split
from dataset.sample.settings import EVAL, THREE_SPLITS, TRAIN, VALIDATION, SampleSettings
from schemas.errors import ConfigError
from testing.aihub.fault_csv import SAMPLE_FAULTS, expected_refusals, expected_used

SPLITS = (TRAIN, EVAL, VALIDATION)
PLAIN = SampleSettings(with_faults=False)


def test_default_train_split_has_the_imbalance_of_the_real_set() -> None:
    # 8 frames for each of 6, 3, 14, 31, 7 and 4 clips.
    assert expected_used(PLAIN, TRAIN) == {
        "화남/불쾌": 48,
        "공포": 24,
        "행복/즐거움": 112,
        "편안/안정": 248,
        "공격성": 56,
        "불안/슬픔": 32,
    }


def test_default_eval_split_has_160_rows_and_two_clips_of_the_rarest_mood() -> None:
    used = expected_used(PLAIN, EVAL)
    assert sum(used.values()) == 160
    assert used["공포"] == 2 * 8


def test_faults_add_nine_usable_rows_to_the_train_split_only() -> None:
    # Nine oddities take turns in six moods, so three moods get two.
    with_faults, without = (
        expected_used(settings, TRAIN) for settings in (SampleSettings(), PLAIN)
    )
    added = [with_faults[mood] - without[mood] for mood in without]
    assert sum(with_faults.values()) == 529
    assert sorted(added) == [1, 1, 1, 2, 2, 2]
    assert expected_used(SampleSettings(), EVAL) == expected_used(PLAIN, EVAL)


def test_each_of_the_eleven_reasons_is_expected_once() -> None:
    assert expected_refusals(PLAIN) == {}
    assert expected_refusals(SampleSettings()) == dict.fromkeys(SAMPLE_FAULTS, 1)
    assert len(SAMPLE_FAULTS) == 11


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1},
        {"train_clips": (1, 1, 1, 1, 1)},
        {"train_clips": (0, 0, 0, 0, 0, 0)},
        {"eval_clips": (2, 2, 2, 2, 2, -1)},
        {"validation_clips": (2, 2, 2, 2, 2, -1)},
        {"validation_clips": (0,) * 5},
        {"frames_per_clip": 0},
        {"short_side": 63},
        {"long_side": 719},
        {"long_side": 8193},
        {"jpeg_quality": 49},
    ],
)
def test_nonsense_is_refused_with_what_was_received(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        SampleSettings(**change)


def test_a_third_csv_changes_nothing_of_the_other_two() -> None:
    for split in (TRAIN, EVAL):
        assert plan_split(THREE_SPLITS, split) == plan_split(SampleSettings(), split)
    plans = [plan for split in SPLITS for plan in plan_split(THREE_SPLITS, split)]
    assert len({plan.name for plan in plans}) == len({plan.number for plan in plans}) == 65 + 40
