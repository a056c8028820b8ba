"""A worker's block whose photos and files are in a bucket."""

import dataclasses
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf

from components.pet_example_gen import shard_files
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.photo_source import BucketError, expected_reads
from components.pet_example_gen.shard import _by_clip, write_shard
from dataset.partition import SplitShare, partition_rows, rows_of_block
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import RejectReason
from schemas.splits import RECORDS, TRAIN
from system import storage
from system.buckets import folders, stores
from testing.models.samples import jpeg, mottled

if TYPE_CHECKING:
    from testing.buckets.google_process import GoogleCloudProcess

FRAMES = 12
pytestmark = pytest.mark.slow


def job_at(root: str, thin: ThinSettings | None = None) -> ShardJob:
    """Two clips, of which one photo is missing and one has a decomposed name."""
    lines = ["image_path,bbox,labels,clip"]
    for number in range(2 * FRAMES):
        lines.append(
            f'p{number}.jpg,"40,{50 + number},300,400",{DEFAULT_MOODS[0]},c{number // FRAMES}'
        )
    lines += [f'gone.jpg,"40,50,300,400",{DEFAULT_MOODS[0]},c0']
    lines += [f'한글.jpg,"40,50,300,400",{DEFAULT_MOODS[0]},c1', 'p1.jpg,"1,2,3,4",so-so,c1']
    storage.write_whole(f"{root}/rows.csv", "\n".join(lines) + "\n")
    return job_of(root, thin)


def job_of(root: str, thin: ThinSettings | None = None) -> ShardJob:
    """Returns the job of a folder's table."""
    shares = [SplitShare(TRAIN, 1)]
    storage.make_folder(f"{root}/rows")
    (block,) = partition_rows(
        f"{root}/rows.csv", shares, 4096, f"{root}/rows", storage.open_file
    ).blocks
    thin = thin or ThinSettings()
    settings = IngestSettings(data=DataSettings(), thin=thin, moods=DEFAULT_MOODS, side=64)
    return ShardJob(block, settings, root, thin.is_on, frozenset(), f"{root}/block", block.rows)


def write_photos(root: str) -> None:
    names = [f"p{number}.jpg" for number in range(2 * FRAMES)]
    for number, name in enumerate([*names, "한글.jpg"]):
        with storage.open_file(f"{root}/{name}", "wb") as file:
            file.write(jpeg(mottled(400, 640, number)))


def test_a_bucket_gives_the_same_bytes_as_a_disk(bucket: str, tmp_path: Path) -> None:
    counts, records = [], []
    for root in (str(tmp_path), bucket):
        write_photos(root)
        job = job_at(root)
        assert write_shard(job) is True
        assert shard_files.read_counts(job.stem)["refused"] == {
            RejectReason.IMAGE_MISSING.value: 1,
            RejectReason.UNKNOWN_LABEL.value: 1,
        }
        record = shard_files.read_counts(job.stem)
        counts.append({key: value for key, value in record.items() if key != "key"})
        counts[-1].pop("sizes")
        records.append(storage.read_bytes(job.stem + RECORDS))
    assert counts[0] == counts[1]
    assert records[0] == records[1]
    # Nothing but the block's files is left in the bucket.
    left = {path.rpartition("/")[2] for path, _ in folders.objects(bucket)}
    assert {name for name in left if name.startswith("block")} == {
        *("block.tfrecord", "block.parquet", "block.rejects.csv", "block.json")
    }


def test_odd_names_and_photos_are_what_they_are_on_a_disk(bucket: str, tmp_path: Path) -> None:
    # Found: spelled with parts that say nothing, or with characters that addresses quote.
    found = ["./p0.jpg", "a/../p0.jpg", ".//p0.jpg", "100%.jpg", "a b#c?d&e%20.jpg", "a\\b.jpg"]
    decomposed = unicodedata.normalize("NFD", "강아지.jpg")
    missing = ["../x.jpg", "n" * 1200 + ".jpg", "a\x01b.jpg", "s3a://pet/p0.jpg", "gs:/pet/p0.jpg"]
    names = [*found, "강아지.jpg", "empty.jpg", *missing]
    lines = "".join(
        f'"{name}","{number},50,300,400",{DEFAULT_MOODS[0]},c\n'
        for number, name in enumerate(names)
    )
    results = []
    for root in (str(tmp_path), bucket):
        storage.make_folder(f"{root}/a")
        for name in ("p0.jpg", *found[3:5], "a/b.jpg", decomposed):
            with storage.open_file(f"{root}/{name}", "wb") as file:
                file.write(jpeg(mottled(400, 640, 0)))
        storage.write_whole(f"{root}/empty.jpg", "")
        storage.write_whole(f"{root}/rows.csv", f"image_path,bbox,labels,clip\n{lines}")
        job = job_of(root)
        assert write_shard(job) is True
        results.append(shard_files.read_counts(job.stem)["refused"])
    assert results[0] == results[1]
    assert results[1] == {
        RejectReason.IMAGE_MISSING.value: len(missing),
        RejectReason.NOT_AN_IMAGE.value: 1,
    }


def test_a_finished_block_is_not_read_again(bucket: str) -> None:
    write_photos(bucket)
    job = job_at(bucket)
    assert write_shard(job) is True
    assert write_shard(job) is False
    folders.remove(job.stem + ".rejects.csv")
    assert write_shard(job) is True


@pytest.mark.parametrize("thin", [ThinSettings(max_frames=4), ThinSettings(min_distance=1)])
def test_thinning_fetches_what_it_reads_and_no_more(
    google_cloud: "GoogleCloudProcess", monkeypatch: pytest.MonkeyPatch, thin: ThinSettings
) -> None:
    for variable, value in google_cloud.environment().items():
        monkeypatch.setenv(variable, value)
    root = f"gs://pet/thin-{thin.max_frames}"
    write_photos(root)
    job = job_at(root, thin)
    clips = _by_clip(rows_of_block(job.block, storage.open_file))
    expected = [row for clip in clips for row in expected_reads(job, clip)]
    assert len(expected) == (8 if thin.max_frames else 2 * FRAMES + 2)
    before = google_cloud.requests["get"]
    write_shard(job)
    # Besides the photos: the rows, and whether the block is finished.
    assert google_cloud.requests["get"] - before <= len(expected) + 4


def test_a_bucket_that_fails_is_no_fault_of_the_rows(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(bucket)
    job = dataclasses.replace(job_at(bucket), stem=f"{bucket}/other")
    real: Callable[..., bytes] = storage.read_bytes

    def fail(path: str, *args: object) -> bytes:
        if path.endswith("p7.jpg"):
            raise PermissionError(13, "denied", path)
        return real(path, *args)

    monkeypatch.setattr("dataset.photos.files.read_bytes", fail)
    with pytest.raises(BucketError, match=r"p7\.jpg"):
        write_shard(job)
    assert not storage.exists(f"{bucket}/other.json")
    assert stores.is_remote(bucket)


def test_tensorflow_reads_what_a_worker_has_written(
    google_cloud: "GoogleCloudProcess", monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in google_cloud.environment().items():
        monkeypatch.setenv(variable, value)
    write_photos("gs://pet/tf")
    job = job_at("gs://pet/tf")
    write_shard(job)
    assert sum(1 for _ in tf.data.TFRecordDataset(job.stem + RECORDS)) == 2 * FRAMES + 1
