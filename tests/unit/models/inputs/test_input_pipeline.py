"""Batches for training and evaluation."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models.inputs import shard_index
from models.inputs.clip_sampler import ClipSampler
from models.inputs.input_pipeline import (
    evaluation_batches,
    shard_files,
    training_batches,
    with_sample_weights,
)
from models.inputs.label_index import LabelIndexer
from models.inputs.records import ordered, sampled, streamed
from models.settings.augmentation import AugmentSettings
from models.settings.training_choices import RANDOM, STREAM
from schemas.errors import ConfigError
from testing.models import samples

SIDE, MOODS = samples.SIDE, samples.MOODS

PLAIN = AugmentSettings(strength=0)
MOVED = AugmentSettings(brightness=0, contrast=0, saturation=0)
"""Only the view moves, and is flipped."""


def grey_shards(folder: Path, counts: tuple[int, ...]) -> list[str]:
    """Writes shards whose pictures are grey 0, 10, 20, ... in order, moods taking turns."""
    records = [
        samples.example(samples.jpeg(samples.plain(10 * number)), MOODS[number % 4])
        for number in range(sum(counts))
    ]
    ends = list(itertools.accumulate(counts, initial=0))
    return [
        samples.write_shard(folder / f"{shard}.tfrecord", records[begin:end])
        for shard, (begin, end) in enumerate(itertools.pairwise(ends))
    ]


def numbers(pixels: np.ndarray) -> list[int]:
    """Returns the numbers of the grey pictures."""
    return [round(value / 10) for value in pixels[:, 0, 0, 0].tolist()]


def stream_of(files: list[str], indexer: LabelIndexer, **changes: Any) -> tf.data.Dataset:
    """Returns training batches; by default they are small, plain and seeded."""
    options = {"batch_size": 4, "augment": PLAIN, "seed": 1, "start": 0} | changes
    weights = options.pop("weights", [1.0] * 4)
    place = {"batch_size": options["batch_size"], "start": options.pop("start")}
    index = shard_index.load(files, indexer)
    if options.pop("reading", RANDOM) == STREAM:
        stream = streamed(files, shuffle_buffer=6, seed=options["seed"], total=len(index), **place)
    else:
        sampler = ClipSampler(index.clips, index.label_indices, 4, seed=options["seed"])
        stream = sampled(index, sampler, indexer, **place)
    return training_batches(stream, indexer, weights, resolution=SIDE, **options)


def trained_on(files: list[str], indexer: LabelIndexer, batches: int, **changes: Any) -> list[int]:
    """Returns the numbers of the grey pictures in the first batches."""
    stream = stream_of(files, indexer, **changes).take(batches)
    return [n for pixels, _, _ in stream for n in numbers(pixels.numpy())]


@pytest.mark.slow
def test_evaluation_has_every_example_once_and_in_order(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    files = grey_shards(tmp_path, (5, 1, 4))
    batches = list(evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=4))
    assert [len(pixels) for pixels, _ in batches] == [4, 4, 2]
    assert [n for pixels, _ in batches for n in numbers(pixels.numpy())] == list(range(10))
    labels = np.concatenate([labels for _, labels in batches])
    np.testing.assert_array_equal(labels, np.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]])


def test_pixels_reach_the_network_as_0_to_255(tmp_path: Path, indexer: LabelIndexer) -> None:
    record = samples.example(samples.jpeg(samples.plain(200)))
    files = [samples.write_shard(tmp_path / "one", [record])]
    ((evaluated, _),) = evaluation_batches(
        ordered(files), indexer, 4, resolution=SIDE, batch_size=2
    )
    np.testing.assert_array_equal(evaluated, np.full((1, SIDE, SIDE, 3), 200))
    stream = stream_of(files, indexer, batch_size=2, augment=MOVED)
    trained, _, _ = next(iter(stream))
    np.testing.assert_array_equal(trained, np.full((2, SIDE, SIDE, 3), 200))


@pytest.mark.slow
def test_evaluation_sees_the_window_and_nothing_around_it(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    # 48 x 64 green pixels, and in them at row 8, column 16 a red view of 32 x 32.
    pixels = samples.plain(samples.GREEN, 48, 64)
    pixels[8:40, 16:48] = samples.RED
    record = samples.example(samples.jpeg(pixels), window=(8, 16, 32, 32))
    files = [samples.write_shard(tmp_path / "one", [record])]
    ((evaluated, _),) = evaluation_batches(
        ordered(files), indexer, 4, resolution=SIDE, batch_size=1
    )
    assert evaluated.numpy()[..., 0].min() > 240
    assert evaluated.numpy()[..., 1].max() < 15


@pytest.mark.slow
def test_augmented_windows_move_within_the_crop_and_are_flipped(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    # Red gives the column and green the row: 4 per pixel, from 0 at the crop's edge.
    rows, columns = np.mgrid[0:40, 0:44]
    pixels = np.stack([4 * columns, 4 * rows, 0 * rows], axis=-1).astype(np.uint8)
    record = samples.example(samples.jpeg(pixels, quality=100), window=(3, 5, 32, 32))
    files = [samples.write_shard(tmp_path / "one", [record])]
    stream = stream_of(files, indexer, batch_size=64, augment=MOVED)
    views = np.concatenate([pixels for pixels, _, _ in stream.take(8)]).astype(int)
    ascending = views[:, 0, -1, 0] > views[:, 0, 0, 0]
    left = np.minimum(views[:, 0, 0, 0], views[:, 0, -1, 0])
    corners = {(round(t / 4), round(x / 4)) for t, x in zip(views[:, 0, 0, 1], left, strict=True)}
    # 40 - 32 + 1 corners down and 44 - 32 + 1 across; 512 draws hit nearly all of the 117.
    assert {row for row, _ in corners} == set(range(9))
    assert {column for _, column in corners} == set(range(13))
    assert 0.4 < ascending.mean() < 0.6
    height = (views[:, -1, 0, 1] - views[:, 0, 0, 1]) / 4
    assert np.abs(height - 31).max() <= 1  # The window's size, and never upside down.


@pytest.mark.slow
def test_without_augmentation_training_sees_the_window_itself(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    pixels = samples.mottled(40, 44)
    record = samples.example(samples.jpeg(pixels), window=(3, 5, 32, 32))
    files = [samples.write_shard(tmp_path / "one", [record])]
    ((expected, _),) = evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=1)
    stream = stream_of(files, indexer, batch_size=3, augment=PLAIN)
    trained, _, _ = next(iter(stream))
    np.testing.assert_array_equal(trained, np.repeat(expected, 3, axis=0))


@pytest.mark.slow
def test_nobody_waits_for_tensorflow_s_tuner(tmp_path: Path, indexer: LabelIndexer) -> None:
    """Who let an iterator go waited until its thread had woken, for up to a minute."""
    files = grey_shards(tmp_path, (4,))
    batches = evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=2)
    for dataset in (stream_of(files, indexer), batches):
        assert dataset.options().autotune.enabled is False


@pytest.mark.slow
def test_each_pass_has_every_example_once_in_an_order_of_its_own(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    files = grey_shards(tmp_path, (12, 12))
    stream = trained_on(files, indexer, batches=18)  # Three passes over 24.
    passes = [stream[0:24], stream[24:48], stream[48:72]]
    assert all(sorted(each) == list(range(24)) for each in passes)
    assert len({tuple(each) for each in passes}) == 3


@pytest.mark.slow
def test_batches_are_full_where_a_pass_does_not_divide(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    files = grey_shards(tmp_path, (3,))
    stream = trained_on(files, indexer, batches=3)  # Twelve positions: four passes over three.
    assert sorted(stream) == sorted([0, 1, 2] * 4)


@pytest.mark.slow
def test_a_seed_gives_the_same_stream_and_another_gives_another(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    files = grey_shards(tmp_path, (12, 12))
    first = trained_on(files, indexer, batches=12, seed=7)
    assert trained_on(files, indexer, batches=12, seed=7) == first
    assert trained_on(files, indexer, batches=12, seed=8) != first


@pytest.mark.slow
@pytest.mark.parametrize("reading", [RANDOM, STREAM])
@pytest.mark.parametrize("start", [1, 5, 6, 13])
def test_a_stream_that_begins_later_is_the_rest_of_the_stream(
    tmp_path: Path, indexer: LabelIndexer, start: int, reading: str
) -> None:
    # Passes over 23 end within batches of 4: the sixth batch has the end of one and the next.
    files = grey_shards(tmp_path, (12, 11))
    options = {"augment": AugmentSettings(mixup=1.0), "reading": reading}
    whole = list(stream_of(files, indexer, **options).take(15))
    rest = list(stream_of(files, indexer, start=start, **options).take(15 - start))
    for expected, batch in zip(whole[start:], rest, strict=True):
        for one, other in zip(expected, batch, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_order_does_not_depend_on_the_folder(tmp_path: Path, indexer: LabelIndexer) -> None:
    one, other = (grey_shards(tmp_path / run, (9, 9, 6)) for run in ("execution-7", "8"))
    assert trained_on(one, indexer, batches=12) == trained_on(other, indexer, batches=12)


@pytest.mark.slow
def test_the_sample_weight_is_the_moods_class_weight(tmp_path: Path, indexer: LabelIndexer) -> None:
    files = grey_shards(tmp_path, (8,))
    stream = stream_of(files, indexer, batch_size=8, weights=[0.5, 1.0, 2.0, 4.0])
    pixels, labels, weights = next(iter(stream))
    expected = [[0.5, 1.0, 2.0, 4.0][n % 4] for n in numbers(pixels.numpy())]
    np.testing.assert_array_equal(weights, np.float32(expected))
    np.testing.assert_array_equal(labels, np.eye(4)[[n % 4 for n in numbers(pixels.numpy())]])


@pytest.mark.slow
def test_a_label_outside_the_map_never_reaches_the_loss(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    records = [samples.example(samples.jpeg(samples.plain(9)), "졸림")]
    files = [samples.write_shard(tmp_path / "0", records)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="label map"):
        list(evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=1))
    with pytest.raises(ConfigError, match="label map"):
        trained_on(files, indexer, batches=1)


@pytest.mark.slow
def test_a_window_outside_its_crop_is_an_error(tmp_path: Path, indexer: LabelIndexer) -> None:
    record = samples.example(samples.jpeg(samples.plain(9)), window=(0, 1, SIDE, SIDE))
    files = [samples.write_shard(tmp_path / "0", [record])]
    with pytest.raises(tf.errors.InvalidArgumentError, match="within the stored crop"):
        list(evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=1))


def test_patterns_match_files_in_order_and_no_match_is_an_error(tmp_path: Path) -> None:
    names = [samples.write_shard(tmp_path / f"{n}.tfrecord", []) for n in (2, 0, 1)]
    pattern = str(tmp_path / "*")
    assert shard_files([pattern]) == sorted(names)
    assert shard_files([pattern, names[0]]) == sorted(names)  # Matched twice, read once.
    with pytest.raises(ConfigError, match="TFRecord shards"):
        shard_files([str(tmp_path / "none" / "*")])


def test_a_mixed_label_weighs_each_of_its_moods_by_its_own_weight() -> None:
    # 0.25 * 8 + 0.75 * 4 = 5: of the loss, 2 / 5 is the rare mood's.
    mixed = tf.constant([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]])
    _, labels, weights = with_sample_weights(tf.zeros([2]), mixed, tf.constant([8.0, 0.5, 4.0]))
    np.testing.assert_allclose(weights, [5.0, 0.5])
    np.testing.assert_allclose(labels, [[0.4, 0, 0.6], [0, 1, 0]])


@pytest.mark.slow
@pytest.mark.parametrize("reading", [RANDOM, STREAM])
def test_everything_random_is_the_same_for_the_same_seed_on_any_number_of_threads(
    tmp_path: Path, indexer: LabelIndexer, reading: str
) -> None:
    files = [samples.write_split(tmp_path, 20, seed=3)]
    settings = AugmentSettings(
        zoom=0.2, stretch=0.2, brightness=0.3, contrast=0.3, saturation=0.3, erase=0.5, mixup=1.0
    )

    def batches(seed: int, threads: int) -> list[np.ndarray]:
        stream = stream_of(
            shard_files(files), indexer, augment=settings, seed=seed, reading=reading
        ).take(6)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        return [np.asarray(part) for batch in stream.with_options(options) for part in batch]

    first = batches(seed=5, threads=1)
    again = batches(seed=5, threads=4)
    other = batches(seed=6, threads=4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
