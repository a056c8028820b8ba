"""Subsets for quick trainings."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import tensorflow as tf

from models.inputs.label_index import LabelIndexer
from models.tuning import subset
from schemas import features
from testing.models import samples

MOODS = samples.MOODS
PICTURE = samples.jpeg(samples.plain(1))


def record(clip: str, label_index: int) -> bytes:
    message = tf.train.Example.FromString(samples.example(PICTURE, MOODS[label_index]))
    message.features.feature[features.CLIP].bytes_list.value.append(clip.encode())
    return bytes(message.SerializeToString())


def shard(path: Path, clips: Sequence[tuple[str, int, int]]) -> str:
    """Writes clips of (name, mood, frames), first frames first: a clip's are no neighbours."""
    longest = max(frames for _, _, frames in clips)
    rows = [(name, mood) for i in range(longest) for name, mood, frames in clips if i < frames]
    return samples.write_shard(path, [record(*row) for row in rows])


def clips_in(path: str) -> Counter[str]:
    """Counts the frames of each clip."""
    return Counter(
        tf.train.Example.FromString(text)
        .features.feature[features.CLIP]
        .bytes_list.value[0]
        .decode()
        for text in tf.data.TFRecordDataset([path]).as_numpy_iterator()
    )


def test_counts_are_proportional_except_for_rare_moods() -> None:
    # 100 of 1000; a tenth of an even share of three moods is 100 / 30, so 4.
    assert subset.stratified_counts([900, 90, 10], 100) == [90, 9, 4]
    assert subset.stratified_counts([908, 90, 2], 100) == [91, 9, 2]
    assert subset.stratified_counts([900, 0, 100], 100) == [90, 0, 10]


def test_a_split_that_is_small_enough_is_taken_whole() -> None:
    assert subset.stratified_counts([60, 0, 40], 100) == [60, 0, 40]
    assert subset.stratified_counts([60, 1, 40], 100) != [60, 1, 40]


def test_clips_are_copied_until_each_mood_has_its_target(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subset, "MIN_CLIPS", 1)
    clips = [(f"{mood}-{clip}", mood, 3) for mood in range(4) for clip in range(5)]
    file = shard(tmp_path / "0.tfrecord", clips)
    path = str(tmp_path / "part")
    # Of 3 frames a clip: 1 clip reaches 1, 2 reach 6, 3 reach 7, and of the last mood none.
    assert subset.write([file], indexer, [1, 6, 7, 0], path, seed=1, frames_per_clip=3) == [
        3,
        6,
        9,
        0,
    ]
    found = clips_in(path)
    assert set(found.values()) == {3}
    assert Counter(name[0] for name in found) == {"0": 1, "1": 2, "2": 3}


def test_a_clip_of_two_moods_is_copied_for_the_one_below_its_target(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subset, "MIN_CLIPS", 1)
    file = shard(tmp_path / "0.tfrecord", [("both", 0, 2), ("both", 1, 1), ("other", 2, 1)])
    assert subset.write([file], indexer, [0, 1, 0, 0], str(tmp_path / "part"), 1, 3) == [2, 1, 0, 0]


@pytest.mark.slow
def test_shards_that_are_not_needed_are_not_read(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subset, "MIN_CLIPS", 1)
    files = [
        shard(tmp_path / f"{i}.tfrecord", [(f"{i}-{j}", 0, 2) for j in range(4)]) for i in (0, 1)
    ]
    path = str(tmp_path / "part")
    subset.write(files, indexer, [8, 0, 0, 0], path, seed=1, frames_per_clip=2)
    (first,) = {name[0] for name in clips_in(path)}
    (tmp_path / f"{1 - int(first)}.tfrecord").write_bytes(b"a broken record, " * 9)
    assert subset.write(files, indexer, [8, 0, 0, 0], path, seed=1, frames_per_clip=2) == [
        8,
        0,
        0,
        0,
    ]
    with pytest.raises(tf.errors.DataLossError):
        subset.write(files, indexer, [9, 0, 0, 0], path, seed=1, frames_per_clip=2)


@pytest.mark.slow
def test_the_clips_depend_on_the_seed(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subset, "MIN_CLIPS", 1)
    file = shard(tmp_path / "0.tfrecord", [(str(clip), 0, 1) for clip in range(30)])

    def part(name: str, seed: int) -> bytes:
        subset.write([file], indexer, [10, 0, 0, 0], str(tmp_path / name), seed, 1)
        return (tmp_path / name).read_bytes()

    assert part("a", 1) == part("b", 1)
    assert clips_in(str(tmp_path / "a")) != clips_in(str(part("c", 2) and tmp_path / "c"))
    assert not list(tmp_path.glob("*.partial"))


def moods_of(path: str) -> Counter[str]:
    """Counts the clips of each mood; a clip's name begins with its mood's index."""
    return Counter(name[0] for name in clips_in(path))


@pytest.mark.slow
def test_a_part_has_few_frames_of_many_clips_and_thirty_of_each_mood(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    # As AI Hub's eval split: 99 frames a clip, and of the rarest mood 26 clips.
    numbers = (300, 100, 40, 26)
    clips = [(f"{mood}-{number}", mood, 12) for mood in range(4) for number in range(numbers[mood])]
    file = shard(tmp_path / "0.tfrecord", clips)
    path = str(tmp_path / "part")
    targets = subset.stratified_counts([12 * number for number in numbers], 400)
    counts = subset.write([file], indexer, targets, path, seed=1, frames_per_clip=4)
    found = moods_of(path)
    assert set(clips_in(path).values()) == {4}
    assert [found[str(mood)] for mood in range(4)] == [65, 30, 30, 26]
    assert counts == [260, 120, 120, 104]


def test_frames_are_spread_over_a_clip() -> None:
    assert subset._spread(99, 4) == [12, 37, 61, 86]
    assert subset._spread(3, 4) == [0, 1, 2]
    assert subset._spread(5, 1) == [2]


def test_where_there_are_few_clips_more_frames_of_each_are_taken(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    clips = [(f"{mood}-{number}", mood, 10) for mood in range(2) for number in range(5)]
    clips.append(("0-short", 0, 1))
    file = shard(tmp_path / "0.tfrecord", clips)
    path = str(tmp_path / "part")
    # Ten clips of 2 frames and one of 1 are 21 rows; with 6 frames they are 61.
    counts = subset.write([file], indexer, [30, 30, 0, 0], path, seed=1, frames_per_clip=2)
    assert sum(counts) == 61
    assert sorted(set(clips_in(path).values())) == [1, 6]
