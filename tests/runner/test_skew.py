"""The model must see nearly the same in training and when it is asked with a photo and a box."""

from pathlib import Path

from benchmarks import skew
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import RECORDS
from dataset.partition import SplitShare, deal_out
from dataset.rules import DataSettings
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS


def test_a_stored_example_and_its_photo_with_the_box_get_the_same_answer(pushed, tmp_path):
    sample = write_sample(
        tmp_path / "sample",
        SampleSettings(train_clips=(2,) * 6, eval_clips=(1,) * 6, frames_per_clip=2),
        workers=1,
    )
    rows = tmp_path / "rows"
    rows.mkdir()
    # With every oddity: grey, CMYK, palette, alpha, EXIF-rotated, another format behind .jpg.
    (block,) = deal_out(str(sample.train_csv), [SplitShare("train", 1)], 4096, str(rows)).blocks
    settings = IngestSettings(DataSettings(), ThinSettings(), DEFAULT_MOODS, side=32)
    stem = str(tmp_path / "examples")
    write_shard(
        ShardJob(
            block,
            settings,
            str(sample.folder),
            False,
            frozenset(),
            stem,
            block.rows,
        )
    )
    found = skew.measure(
        Path(pushed.record["pushed"]), [Path(stem + RECORDS)], sample.train_csv, sample.folder
    )
    # 12 clips of 2 frames and 9 oddities.
    assert found.rows == 33
    assert found.mean_abs_difference < 0.02
    assert found.other_mood <= 1
