"""Thinning: the frames of a clip that are read, and those that are kept."""

import doctest
from typing import NamedTuple

import pytest

from dataset import thinning
from dataset.thinning import ThinSettings, spread_indices, thin_clip
from schemas.errors import ConfigError


class Frame(NamedTuple):
    index: int
    phash: int


def read_all(hashes, refused=()):
    read = []

    def read_row(row):
        read.append(row)
        return None if row in refused else Frame(row, hashes[row])

    return read_row, read


def kept(hashes, settings, refused=()):
    read_row, read = read_all(hashes, refused)
    frames = thin_clip(range(len(hashes)), read_row, settings)
    return [frame.index for frame in frames], read


def test_a_frame_is_compared_with_the_last_kept_one_and_not_with_its_neighbour():
    # Each frame has one bit more than the one before; with the third bit it is kept.
    hashes = [0b0, 0b1, 0b11, 0b111, 0b1111, 0b11111, 0b111111]
    assert kept(hashes, ThinSettings(min_distance=3))[0] == [0, 3, 6]


def test_a_frame_at_the_least_distance_is_kept():
    assert kept([0, 0b11], ThinSettings(min_distance=2))[0] == [0, 1]
    assert kept([0, 0b11], ThinSettings(min_distance=3))[0] == [0]


def test_a_frame_is_not_compared_with_a_refused_one():
    hashes = [0, 0b1111, 0b1111]
    assert kept(hashes, ThinSettings(min_distance=4), refused={1})[0] == [0, 2]


def test_only_frames_spread_over_the_clip_are_read():
    indices, read = kept([0] * 35, ThinSettings(max_frames=4))
    # The middles of four quarters of 35.
    assert indices == [4, 13, 21, 30]
    assert sorted(read) == indices


def test_other_frames_are_read_in_place_of_refused_ones():
    indices, read = kept([0] * 8, ThinSettings(max_frames=2), refused={2, 6})
    # 2 and 6 first; then the quarters' middles of 0, 1, 3, 4, 5, 7.
    assert indices == [1, 5]
    assert read == [2, 6, 1, 5]


def test_a_clip_of_refused_frames_gives_none_and_each_is_read_once():
    indices, read = kept([0] * 5, ThinSettings(max_frames=2), refused=set(range(5)))
    assert indices == []
    assert sorted(read) == [0, 1, 2, 3, 4]


def test_both_limits_thin_by_hash_first_and_then_spread_the_rest():
    hashes = [0, 0, 1, 1, 0, 0, 1, 1]
    assert kept(hashes, ThinSettings(min_distance=1))[0] == [0, 2, 4, 6]
    assert kept(hashes, ThinSettings(min_distance=1, max_frames=2))[0] == [2, 6]


def test_fewer_frames_than_the_limit_are_all_kept():
    assert kept([0] * 3, ThinSettings(max_frames=3))[0] == [0, 1, 2]
    assert spread_indices(3, 9) == [0, 1, 2]
    assert spread_indices(0, 4) == []


@pytest.mark.parametrize(
    "wrong", [{"min_distance": -1}, {"min_distance": 65}, {"max_frames": -1}, {"keep_below": -1}]
)
def test_settings_refuse_nonsense(wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"thin.{name}"):
        ThinSettings(**wrong)


def test_thinning_is_off_unless_a_limit_is_set():
    assert not ThinSettings(keep_below=100).is_on
    assert ThinSettings(min_distance=1).is_on and ThinSettings(max_frames=1).is_on


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(thinning) == (0, 5)
