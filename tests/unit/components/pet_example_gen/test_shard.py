"""A worker's block: the files that it writes or keeps, and the frames that are thinned."""

import dataclasses
import io
import os
import pathlib

import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from PIL import Image

from components.pet_example_gen import shard, shard_files
from components.pet_example_gen.job import IngestSettings, ShardJob, unlabelled
from components.pet_example_gen.shard import write_shard
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas import features, frame_columns
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import RejectReason
from schemas.splits import FRAMES, RECORDS, TRAIN
from testing.components.ingested import jpeg, photo

FEAR, CALM = "공포", "편안/안정"


def still_clips(folder, clips, frames_each, labels=(CALM,)):
    """Writes clips of which all frames are the same picture, and their CSV."""
    lines = ["image_path,bbox,labels,clip"]
    for clip in range(clips):
        picture = jpeg(photo(clip))
        for frame in range(frames_each):
            name = f"c{clip}-{frame}.jpg"
            (folder / name).write_bytes(picture)
            # Boxes differ, so that no row is a duplicate.
            lines.append(f'{name},"40,{50 + frame},300,400",{labels[clip % len(labels)]},c{clip}')
    csv = folder / "rows.csv"
    csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return csv


def job_for(csv, folder, thin=None, unthinned_moods=(), labelled=True, **rules):
    folder.mkdir(exist_ok=True)
    shares = [SplitShare(TRAIN, 1)]
    (block,) = partition_rows(str(csv), shares, 4096, str(folder), labelled=labelled).blocks
    thin = thin or ThinSettings()
    return ShardJob(
        block=block,
        settings=IngestSettings(
            data=DataSettings(**rules), thin=thin, moods=DEFAULT_MOODS, side=64
        ),
        image_root=str(csv.parent),
        thinned=thin.is_on,
        unthinned_moods=frozenset(unthinned_moods),
        stem=str(folder / "block"),
        split_rows=block.rows,
    )


def lines_in(job):
    records = tf.data.TFRecordDataset(job.stem + RECORDS).as_numpy_iterator()
    examples = [tf.train.Example.FromString(record).features.feature for record in records]
    return [example[features.SOURCE_LINE].int64_list.value[0] for example in examples]


def test_the_frames_table_has_a_row_for_each_example_in_the_same_order(tmp_path):
    job = job_for(still_clips(tmp_path, clips=3, frames_each=2), tmp_path / "out")
    assert write_shard(job)
    table = pq.read_table(job.stem + FRAMES).to_pydict()
    assert table[frame_columns.LINE] == lines_in(job) == [2, 3, 4, 5, 6, 7]
    assert table[frame_columns.CLIP] == ["c0", "c0", "c1", "c1", "c2", "c2"]
    assert list(table) == list(frame_columns.COLUMNS)
    assert table[frame_columns.BOX_AREA] == pytest.approx([300 * 400 / (640 * 400)] * 6)
    # Each record lies where its row says: 8 bytes with its length come first, 12 before it.
    shard_bytes = pathlib.Path(job.stem + RECORDS).read_bytes()
    for row, (offset, size) in enumerate(
        zip(table[frame_columns.OFFSET], table[frame_columns.RECORD_BYTES], strict=True)
    ):
        assert int.from_bytes(shard_bytes[offset : offset + 8], "little") == size
        example = tf.train.Example.FromString(shard_bytes[offset + 12 : offset + 12 + size])
        assert example.features.feature[features.SOURCE_LINE].int64_list.value == [row + 2]
    # Two boxes a pixel apart on one picture, and other pictures.
    first, second, third, *_ = table[frame_columns.PHASH]
    assert (first ^ second).bit_count() <= 3 < (first ^ third).bit_count()


@pytest.mark.parametrize("stay_below_root", [True, False])
def test_photos_outside_of_the_root_are_refused_where_that_is_asked_for(tmp_path, stay_below_root):
    (tmp_path / "root").mkdir()
    csv = still_clips(tmp_path / "root", clips=1, frames_each=2)
    (tmp_path / "secret.jpg").write_bytes((tmp_path / "root" / "c0-1.jpg").read_bytes())
    csv.write_text(csv.read_text("utf-8").replace("c0-1.jpg", "../secret.jpg"), "utf-8")
    job = job_for(csv, tmp_path / "out", stay_below_root=stay_below_root)
    assert write_shard(job)
    assert lines_in(job) == ([2] if stay_below_root else [2, 3])


def test_rows_without_labels_become_examples_without_them_and_without_surplus(tmp_path):
    csv = still_clips(tmp_path, 1, 1, labels=("no mood",))
    job = job_for(csv, tmp_path / "out", labelled=False)
    job = dataclasses.replace(job, settings=unlabelled(job.settings))
    assert write_shard(job)
    (record,) = tf.data.TFRecordDataset(job.stem + RECORDS).as_numpy_iterator()
    feature = tf.train.Example.FromString(record).features.feature
    assert features.LABEL not in feature
    size = Image.open(io.BytesIO(feature[features.IMAGE].bytes_list.value[0])).size
    assert tuple(feature[features.WINDOW].int64_list.value) == (0, 0, size[1], size[0])


def test_a_finished_block_is_left_alone(tmp_path):
    job = job_for(still_clips(tmp_path, 2, 2), tmp_path / "out")
    assert write_shard(job)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert not write_shard(job)
    assert before == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}


def test_a_block_is_done_again_when_a_photo_a_setting_or_its_files_have_changed(tmp_path):
    csv = still_clips(tmp_path, 2, 2)
    job = job_for(csv, tmp_path / "out")
    write_shard(job)
    os.utime(tmp_path / "c1-0.jpg", ns=(1, 1))
    assert write_shard(job)
    assert not write_shard(job)
    other = dataclasses.replace(job, settings=job.settings.replace(side=32))
    assert write_shard(other)
    records = tmp_path / "out" / "block.tfrecord"
    records.write_bytes(records.read_bytes()[:-1])
    assert write_shard(other)
    # Other photos' changes are other blocks' matter.
    settings = other.settings.replace(photos="another")
    assert not write_shard(dataclasses.replace(other, settings=settings))


def test_twice_the_same_work_gives_the_same_bytes_and_nothing_else_is_left(tmp_path):
    csv = still_clips(tmp_path, 2, 2)
    contents = []
    for name in ("one", "two"):
        job = job_for(csv, tmp_path / name)
        write_shard(job)
        files = sorted((tmp_path / name).glob("block*"))
        assert [path.name for path in files] == [
            *("block.json", "block.parquet", "block.rejects.csv", "block.tfrecord")
        ]
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]


def test_equal_frames_of_a_clip_are_thinned_and_counted_by_mood(tmp_path):
    csv = still_clips(tmp_path, clips=2, frames_each=5, labels=(CALM, FEAR))
    job = job_for(csv, tmp_path / "out", ThinSettings(min_distance=12))
    write_shard(job)
    counts = shard_files.read_counts(job.stem)
    assert lines_in(job) == [2, 7]
    assert (counts["rows"], counts["used"]) == (10, 2)
    assert counts["thinned"] == {CALM: 4, FEAR: 4}


def test_rare_moods_keep_every_frame(tmp_path):
    csv = still_clips(tmp_path, clips=2, frames_each=5, labels=(CALM, FEAR))
    job = job_for(csv, tmp_path / "out", ThinSettings(max_frames=1), unthinned_moods=(FEAR,))
    write_shard(job)
    assert lines_in(job) == [4, 7, 8, 9, 10, 11]
    assert shard_files.read_counts(job.stem)["thinned"] == {CALM: 4}


def test_rows_are_used_refused_or_thinned_and_nothing_else(tmp_path):
    csv = still_clips(tmp_path, clips=2, frames_each=6)
    (tmp_path / "c0-3.jpg").unlink()
    job = job_for(csv, tmp_path / "out", ThinSettings(max_frames=2))
    write_shard(job)
    counts = shard_files.read_counts(job.stem)
    # Of six frames the second and the fifth; of those left after a refusal, others.
    assert counts["used"] == 4
    total = counts["used"] + sum(counts["refused"].values()) + sum(counts["thinned"].values())
    assert total == counts["rows"] == 12


def test_a_view_past_a_quality_limit_is_refused_with_its_reason(tmp_path):
    csv = still_clips(tmp_path, clips=1, frames_each=1)
    Image.new("RGB", (640, 400), (10, 10, 10)).save(tmp_path / "c0-0.jpg")
    job = job_for(csv, tmp_path / "out", min_brightness=0.1)
    write_shard(job)
    assert shard_files.read_counts(job.stem)["refused"] == {RejectReason.TOO_DARK.value: 1}
    (reject,) = shard_files.read_rejects([job.stem])
    assert reject[4] == "too_dark" and "data.min_brightness is 0.1" in reject[5]


def test_a_malformed_row_a_foreign_file_and_an_unforeseen_error_cost_a_row_each(
    tmp_path, monkeypatch
):
    csv = still_clips(tmp_path, clips=1, frames_each=4)
    lines = csv.read_text("utf-8").split("\n")
    lines[1] += ",one cell too many"
    csv.write_text("\n".join(lines), "utf-8")
    # Pillow opens it, but no photo is a texture of a game.
    Image.new("RGB", (640, 400)).save(tmp_path / "c0-1.jpg", "DDS")
    build = shard.build_frame

    def failing(row, *others):
        if row.line == 4:
            raise RecursionError("too deep")
        return build(row, *others)

    monkeypatch.setattr(shard, "build_frame", failing)
    job = job_for(csv, tmp_path / "out")
    write_shard(job)
    assert lines_in(job) == [5]
    assert [(reject[2], reject[4]) for reject in shard_files.read_rejects([job.stem])] == [
        ("2", "row_malformed"),
        ("3", "not_an_image"),
        ("4", "unexpected_error"),
    ]
    assert "RecursionError: too deep" in [*shard_files.read_rejects([job.stem])][2][5]


def test_a_box_that_overhangs_is_clipped_counted_and_stored_as_its_part(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(1)))
    rows = ["40,-10,200,400", "40,0,200,390", "250,100,157,200", "40,-21,200,400"]
    lines = [f'a.jpg,"{box}",{CALM},c' for box in rows]
    csv = tmp_path / "rows.csv"
    csv.write_text("\n".join(["image_path,bbox,labels,clip", *lines]), encoding="utf-8")
    job = job_for(csv, tmp_path / "block")
    write_shard(job)
    counts = shard_files.read_counts(job.stem)
    assert (counts["used"], counts["clipped"]) == (3, 2)
    assert counts["refused"] == {"box_outside_image": 1}
    records = tf.data.TFRecordDataset(job.stem + RECORDS).as_numpy_iterator()
    overhanging, within, below = (
        tf.train.Example.FromString(record).features.feature for record in records
    )
    line = features.SOURCE_LINE
    for name in {*overhanging} - {line}:
        assert overhanging[name] == within[name]
    assert below[features.BOX_BOTTOM].float_list.value[0] == 1.0
