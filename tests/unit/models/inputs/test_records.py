"""Streams of records: which, in what order, and from where."""

import gc
import itertools
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.inputs import local_shards, shard_index
from models.inputs.clip_sampler import ClipSampler
from models.inputs.label_index import LabelIndexer
from models.inputs.record_reader import RecordReader
from models.inputs.records import (
    ordered,
    reads_at_random,
    sampled,
    selected,
    shuffled_records,
)
from models.inputs.shard_index import ShardIndex
from models.settings.training import TrainSettings
from schemas import features
from schemas.errors import ConfigError
from testing.models import samples


def clip_shards(folder: Path, shards: int, clips: int, frames: int) -> list[str]:
    """Writes shards of whole clips; the picture is the frame's number over all shards."""
    numbers = itertools.count()
    files = []
    for shard in range(shards):
        records = []
        for clip in range(clips):
            for _ in range(frames):
                record = tf.train.Example.FromString(
                    samples.example(b"%d" % next(numbers), samples.MOODS[clip % 4])
                )
                name = b"%d-%d" % (shard, clip)
                record.features.feature[features.CLIP].bytes_list.value.append(name)
                records.append(record.SerializeToString())
        files.append(samples.write_shard(folder / f"{shard}.tfrecord", records))
    return files


def number(record: bytes) -> int:
    feature = tf.train.Example.FromString(record).features.feature
    return int(feature[features.IMAGE].bytes_list.value[0])


def drawn(
    index: ShardIndex, indexer: LabelIndexer, batches: int, start: int = 0, threads: int = 0
) -> list[int]:
    """Returns the numbers of the frames in some batches of four, three frames a clip."""
    sampler = ClipSampler(index.clips, index.label_indices, 4, frames_per_clip=3, seed=8)
    stream = sampled(index, sampler, indexer, batch_size=4, start=start).take(batches)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    numbers = []
    for positions, records in stream.with_options(options):
        first = 4 * start + len(numbers)
        assert positions.numpy().tolist() == list(range(first, first + 4))
        numbers += [number(record) for record in records.numpy()]
    return numbers


def test_an_epoch_of_the_stream_has_three_frames_of_each_clip(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    index = shard_index.load(clip_shards(tmp_path, shards=3, clips=4, frames=7), indexer)
    numbers = drawn(index, indexer, batches=18)  # Two epochs of 12 clips x 3 frames.
    for epoch in (numbers[:36], numbers[36:]):
        assert len(set(epoch)) == 36
        assert np.bincount([each // 7 for each in epoch]).tolist() == [3] * 12
    assert not set(numbers[:36]) & set(numbers[36:])


@pytest.mark.slow
@pytest.mark.parametrize("start", [1, 8, 9, 10, 25])
def test_a_training_goes_on_at_any_step_and_reads_nothing_before(
    tmp_path: Path, indexer: LabelIndexer, start: int
) -> None:
    index = shard_index.load(clip_shards(tmp_path, shards=3, clips=4, frames=7), indexer)
    whole = drawn(index, indexer, batches=start + 6)
    assert drawn(index, indexer, batches=6, start=start) == whole[4 * start :]


@pytest.mark.slow
def test_the_order_is_the_same_for_one_and_four_threads(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    index = shard_index.load(clip_shards(tmp_path, shards=3, clips=4, frames=7), indexer)
    one, four = (drawn(index, indexer, batches=30, threads=threads) for threads in (1, 4))
    assert one == four


def test_labels_other_than_the_tables_stop_the_training(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    index = shard_index.load(clip_shards(tmp_path, shards=1, clips=4, frames=7), indexer)
    index.label_indices[:] = np.roll(index.label_indices, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="frames table"):
        drawn(index, indexer, batches=7)


def test_selected_records_come_in_the_given_order(tmp_path: Path, indexer: LabelIndexer) -> None:
    index = shard_index.load(clip_shards(tmp_path, shards=3, clips=5, frames=10), indexer)
    examples = np.arange(149, 0, -2)  # More than are read together.
    records = list(selected(index, examples).as_numpy_iterator())
    assert [number(record) for record in records] == examples.tolist()


def test_all_records_come_once_in_the_same_order_each_time(tmp_path: Path) -> None:
    files = clip_shards(tmp_path, shards=10, clips=2, frames=13)
    orders = []
    for threads in (1, 4):
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        stream = ordered(files).with_options(options).as_numpy_iterator()
        orders.append([number(record) for record in stream])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == list(range(260))
    # Eight shards in turn, 16 records each; a shard has 26.
    assert orders[0][:18] == [*range(16), 26, 27]


def test_a_bucket_is_streamed_where_nothing_is_sampled() -> None:
    local, bucket = ["/data/0"], ["gs://bucket/0"]
    assert reads_at_random(TrainSettings(), local)
    assert not reads_at_random(TrainSettings(), bucket)
    assert reads_at_random(TrainSettings(frames_per_clip=4), bucket)
    assert reads_at_random(TrainSettings(sampling="balanced"), bucket)
    assert reads_at_random(TrainSettings(reading="random"), bucket)
    assert not reads_at_random(TrainSettings(reading="stream"), local)


@pytest.mark.slow
def test_a_buckets_shards_are_copied_and_the_copies_removed(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TensorFlow opens file:// like a bucket's address: by a scheme, which os.open does not know.
    files = [f"file://{name}" for name in clip_shards(tmp_path, shards=2, clips=2, frames=3)]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    index = shard_index.load(files, indexer)
    copied = local_shards.on_this_machine(index)
    assert len(list((tmp_path / "temporary").glob("*/*"))) == 2
    records = RecordReader(copied).read(np.arange(12))
    assert [number(record) for record in records] == [*range(12)]
    del copied
    gc.collect()
    assert not list((tmp_path / "temporary").iterdir())
    local_index = shard_index.load([name.removeprefix("file://") for name in files], indexer)
    assert local_shards.on_this_machine(local_index) is local_index


def test_a_disk_that_is_too_small_for_the_copies_is_an_error(
    tmp_path: Path, indexer: LabelIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"file://{name}" for name in clip_shards(tmp_path, shards=1, clips=1, frames=1)]
    index = shard_index.load(files, indexer)
    usage = local_shards.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(local_shards.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(ConfigError, match="TMPDIR"):
        local_shards.on_this_machine(index)


def test_the_shuffle_mixes_the_clips_of_all_shards(tmp_path: Path) -> None:
    # Six shards, a clip of twenty frames each.
    files = [
        samples.write_shard(tmp_path / f"{clip}", [f"{clip}".encode()] * 20) for clip in range(6)
    ]
    stream = shuffled_records(files, shuffle_buffer=40, seed=5).take(120)
    clips = [record.decode() for record in stream.as_numpy_iterator()]
    assert sorted(clips) == sorted("012345" * 20)
    neighbours = sum(one == other for one, other in itertools.pairwise(clips))
    assert neighbours < 40  # A fair mix has 119 * 19 / 119 = 19; in clip order it is 114.
    assert len(set(clips[:16])) >= 4  # The first batch already has clips of most shards.


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_order_is_that_of_its_seed_whatever_the_process_is_seeded_with(
    tmp_path: Path, seed: int
) -> None:
    file = samples.write_shard(tmp_path / "0.tfrecord", [b"%d" % n for n in range(20)])
    orders = []
    for process in (0, 1):
        keras.utils.set_random_seed(process)
        orders.append(list(shuffled_records([file], 20, seed).take(20).as_numpy_iterator()))
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0], key=int)
