"""The frames of each epoch, and their order."""

from collections import Counter

import numpy as np
import pytest

from models.inputs.clip_sampler import ClipSampler, validation_examples
from models.settings.training import TrainSettings
from models.settings.training_choices import BALANCED, NATURAL, SQRT
from schemas.errors import ConfigError

CLIPS = np.repeat(np.arange(6), [1, 2, 3, 5, 8, 13])  # 32 frames.
MOODS = np.array([0, 0, 1, 1, 1, 2])[CLIPS]


def sampler(k: int, sampling: str = NATURAL, seed: int = 3) -> ClipSampler:
    return ClipSampler(CLIPS, MOODS, 4, frames_per_clip=k, sampling=sampling, seed=seed)


@pytest.mark.parametrize(("k", "total"), [(0, 32), (1, 6), (3, 1 + 2 + 3 + 3 + 3 + 3), (100, 32)])
def test_an_epoch_has_k_frames_of_each_clip_or_all_there_are(k: int, total: int) -> None:
    drawn = sampler(k)
    assert drawn.epoch_examples == total
    for number in range(7):
        examples = drawn.epoch(number)
        assert len(set(examples.tolist())) == len(examples) == total
        counts = Counter(CLIPS[examples].tolist())
        assert counts == {
            clip: min(k or 99, size) for clip, size in Counter(CLIPS.tolist()).items()
        }


def test_two_epochs_in_a_row_share_no_frame_of_a_clip_with_twice_as_many() -> None:
    drawn = sampler(4)
    for number in range(10):
        one, other = (set(drawn.epoch(each).tolist()) for each in (number, number + 1))
        shared = Counter(CLIPS[list(one & other)].tolist())
        # Clips of 8 and 13 frames share none; one of 5 frames shares 4 + 4 - 5 = 3.
        assert shared == {0: 1, 1: 2, 2: 3, 3: 3}


def test_all_frames_of_a_clip_are_drawn_equally_often() -> None:
    drawn = sampler(2)
    counts = Counter(np.concatenate([drawn.epoch(number) for number in range(13)]).tolist())
    # 13 epochs x 2 frames of a clip of 13 frames.
    assert {counts[frame] for frame in np.flatnonzero(CLIPS == 5).tolist()} == {2}


def test_the_order_is_another_in_each_epoch_and_for_each_seed() -> None:
    orders = {tuple(sampler(0, seed=seed).epoch(n).tolist()) for seed in (1, 2) for n in range(3)}
    assert len(orders) == 6
    assert sampler(0).epoch(5).tolist() == sampler(0).epoch(5).tolist()


@pytest.mark.parametrize("sampling", [NATURAL, SQRT, BALANCED])
def test_the_stream_is_one_epoch_after_another_from_any_position_on(sampling: str) -> None:
    drawn = sampler(3, sampling)
    stream = np.concatenate([drawn.epoch(number) for number in range(4)])
    for first in (0, 1, 14, 15, 16, 37):
        later = sampler(3, sampling).examples(first, 20)
        np.testing.assert_array_equal(later, stream[first : first + 20])


def test_class_weights_are_given_the_examples_of_an_epoch() -> None:
    # With k = 3 the clips give 1, 2 | 3, 3, 3 | 3 examples; the fourth mood has none.
    assert sampler(3).label_counts == [3, 9, 3, 0]
    assert sampler(0).label_counts == [3, 16, 13, 0]


@pytest.mark.parametrize(
    ("sampling", "k", "expected"),
    [
        (BALANCED, 3, [5, 5, 5, 0]),  # 15 examples, three moods.
        # Shares sqrt(3), 3, sqrt(3) of 15: 4.02, 6.96, 4.02.
        (SQRT, 3, [4, 7, 4, 0]),
        (BALANCED, 0, [11, 10, 11, 0]),  # 32 / 3, rounded at the borders 10.67 and 21.33.
    ],
)
def test_each_mood_has_its_share_of_every_epoch(sampling: str, k: int, expected: list[int]) -> None:
    drawn = sampler(k, sampling)
    assert drawn.label_counts == expected
    assert drawn.epoch_examples == sum(expected)
    for number in range(5):
        counts = np.bincount(MOODS[drawn.epoch(number)], minlength=4)
        assert counts.tolist() == expected


def test_a_mood_that_is_drawn_more_often_goes_through_its_clips_in_turn() -> None:
    drawn = sampler(1, BALANCED)  # Six examples: two of each mood.
    examples = np.concatenate([drawn.epoch(number) for number in range(30)])
    counts = Counter(CLIPS[examples].tolist())
    # 60 draws a mood over 2, 3 and 1 clips.
    assert counts == {0: 30, 1: 30, 2: 20, 3: 20, 4: 20, 5: 60}
    frames = Counter(examples[CLIPS[examples] == 5].tolist())
    assert set(frames.values()) <= {4, 5}  # 60 over 13 frames.


def test_a_clip_with_two_moods_counts_once_in_natural_sampling() -> None:
    clips, moods = np.zeros(6, int), np.array([0, 0, 0, 0, 1, 1])
    drawn = ClipSampler(clips, moods, 2, frames_per_clip=3, seed=1)
    assert drawn.epoch_examples == 3
    assert drawn.label_counts == [2, 1]  # 3 x 4/6 and 3 x 2/6 in the mean.


def test_the_validation_has_the_same_frames_of_each_clip_in_order() -> None:
    examples = validation_examples(CLIPS, 2, seed=5)
    assert Counter(CLIPS[examples].tolist()) == {0: 1, 1: 2, 2: 2, 3: 2, 4: 2, 5: 2}
    assert examples.tolist() == sorted(examples.tolist())
    np.testing.assert_array_equal(examples, validation_examples(CLIPS, 2, seed=5))


def test_clips_are_mixed_as_if_drawn_at_random() -> None:
    clips = np.repeat(np.arange(500), 20)
    drawn = ClipSampler(clips, np.zeros_like(clips), 1, seed=2)
    window = drawn.examples(3000, 500)
    # 500 draws of 500 clips at random have 500 * (1 - 1/e) = 316 distinct ones.
    assert len(set(clips[window].tolist())) > 290


def test_sampling_cannot_be_streamed() -> None:
    for changes in ({"frames_per_clip": 2}, {"sampling": "sqrt"}):
        assert TrainSettings(**changes, reading="auto").is_sampled
        with pytest.raises(ConfigError, match=r"train\.reading"):
            TrainSettings(**changes, reading="stream")
    assert not TrainSettings(reading="stream").is_sampled
