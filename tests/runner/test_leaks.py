"""A clip in both CSVs and a copied picture, through LocalDagRunner: found, named and stopped."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from dataset.sample.rows import HEADER, SampleRow, write_csv
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from schemas import artifacts
from testing.pipeline.runs import newest, run, run_data_stage

SMALL = SampleSettings(
    train_clips=(2,) * 6,
    eval_clips=(1,) * 6,
    frames_per_clip=2,
    long_side=320,
    short_side=240,
    with_faults=False,
)


class Planted(NamedTuple):
    """CSVs with a leak, and what of it is in train."""

    train_csv: Path
    clean_eval_csv: Path
    eval_csv: Path
    clip: list[SampleRow]
    original: SampleRow


def rows_of(path: Path) -> list[SampleRow]:
    with path.open(encoding="utf-8", newline="") as file:
        return [SampleRow(*(row[name] for name in HEADER)) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The eval CSV has a train clip of two frames, and a resized, re-encoded train frame."""
    folder = tmp_path_factory.mktemp("leak") / "sample"
    sample = write_sample(folder, SMALL, workers=1)
    train, evaluation = rows_of(sample.train_csv), rows_of(sample.eval_csv)
    clip = [row for row in train if row.clip == train[0].clip]
    original = next(row for row in train if row.clip != train[0].clip)
    with Image.open(folder / original.image_path) as image:
        smaller = image.resize((image.width * 3 // 4, image.height * 3 // 4))
    smaller.save(folder / "copied.jpg", quality=70)
    box = ",".join(str(int(number) * 3 // 4) for number in original.bbox.split(","))
    copied = original._replace(image_path="copied.jpg", bbox=box, clip="copied")
    leaking = folder / "leaking.csv"
    write_csv(leaking, [*evaluation, *clip, copied], from_windows=False)
    return Planted(sample.train_csv, sample.eval_csv, leaking, clip, original)


def test_a_leak_stops_the_run_and_is_named(planted: Planted, tmp_path: Path) -> None:
    limits = ("leak.max_clips=1", "leak.max_picture_share=0")
    ended = run(tmp_path / "out", planted.train_csv, planted.eval_csv, *limits)
    assert ended.exit == 3
    record = ended.record
    assert record["leaks"] == {"clips": 1, "groups": 0, "pictures": 3}
    assert "Frames that nearly equal a train frame: 3 of 15" in record["error"]
    assert "copied.jpg" in record["error"] and planted.original.image_path in record["error"]

    with newest(ended.output, f"LeakCheck/report/*/{artifacts.LEAKS_CSV}").open() as file:
        listed = list(csv.DictReader(file))
    assert [(row["kind"], row["name"]) for row in listed if row["kind"] != "picture"] == [
        ("clip", planted.clip[0].clip)
    ]
    pictures = {row["eval_image"]: row for row in listed if row["kind"] == "picture"}
    for frame in planted.clip:
        assert pictures[frame.image_path]["distance"] == "0"
    copied = pictures["copied.jpg"]
    assert copied["train_image"] == planted.original.image_path
    assert rows_of(planted.train_csv)[int(copied["train_line"]) - 2] == planted.original
    assert rows_of(planted.eval_csv)[int(copied["eval_line"]) - 2].image_path == "copied.jpg"


def test_a_clip_in_both_csvs_stops_the_run_before_its_first_node(
    planted: Planted, tmp_path: Path
) -> None:
    ended = run(tmp_path / "out", planted.train_csv, planted.eval_csv)
    assert ended.exit == 3
    name = planted.clip[0].clip
    message = f"Clips that are also in train: 1, leak.max_clips allows 0 ({name})"
    assert message in (ended.record["error"] or "")
    assert ended.record["nodes"] == {}


def findings_of(output: Path) -> list[tuple[str, str]]:
    report = newest(output, f"LeakCheck/report/*/{artifacts.LEAKS_JSON}")
    found = json.loads(report.read_text("utf-8"))["findings"]
    return [(finding["severity"], finding["check"]) for finding in found]


def test_clean_data_passes_without_a_word(planted: Planted, tmp_path: Path) -> None:
    output = run_data_stage(tmp_path, planted.train_csv, planted.clean_eval_csv)
    assert findings_of(output) == []


def test_leaks_up_to_their_limits_are_reported_and_pass(planted: Planted, tmp_path: Path) -> None:
    # 1 clip; 3 of 15 frames.
    limits = ("leak.max_clips=1", "leak.max_picture_share=0.2")
    output = run_data_stage(tmp_path, planted.train_csv, planted.eval_csv, *limits)
    assert findings_of(output) == [("warning", "shared_clips"), ("warning", "shared_pictures")]
