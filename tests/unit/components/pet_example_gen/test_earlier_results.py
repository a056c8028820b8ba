"""Rows that are taken over from earlier results: which, how many, and byte by byte."""

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from components.pet_example_gen import row_keys
from components.pet_example_gen.counting import split_counts
from components.pet_example_gen.earlier_results import deal_out, find_results
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.row_keys import reading_version
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import read_counts
from dataset.csv_rows import Row
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas import artifacts
from schemas.labels import DEFAULT_MOODS
from schemas.splits import FRAMES, RECORDS, TRAIN, split_folder

CALM = "편안/안정"
SETTINGS = IngestSettings(
    data=DataSettings(shard_rows=6), thin=ThinSettings(), moods=DEFAULT_MOODS, side=16, code="1"
)
CLIPS, FRAMES_EACH = 12, 2
OUTPUTS = ("examples", "frames", "rejects")


class Counts(NamedTuple):
    """Rows that an ingest took over, and rows whose photos it read."""

    reused: int
    read: int


def rows_of(folder: Path, clips: list[int]) -> list[str]:
    """Writes the photos of some clips, and returns their rows."""
    rows = []
    for clip in clips:
        for frame in range(FRAMES_EACH):
            path = folder / f"c{clip}-{frame}.png"
            if not path.exists():
                pixels = np.random.default_rng((clip, frame)).integers(0, 255, (24, 32, 3))
                Image.fromarray(pixels.astype(np.uint8)).save(path)
            rows.append(f'{path.name},"1,2,20,28",{CALM},c{clip}')
    return rows


def write_table(folder: Path, rows: list[str]) -> Path:
    csv = folder / "rows.csv"
    csv.write_text("\n".join(["image_path,bbox,labels,clip", *rows]) + "\n", encoding="utf-8")
    return csv


def ingest(
    csv: Path, node: Path, number: int, settings: IngestSettings = SETTINGS, split: str = TRAIN
) -> Counts:
    """Writes a result in TFX's layout, as the executor does, from the results before it."""
    folders = [node / output / str(number) for output in OUTPUTS]
    work = node / f"work-{number}"
    for folder in (*folders, work):
        folder.mkdir(parents=True)
    shares = [SplitShare(split, 1)]
    partition = partition_rows(str(csv), shares, settings.data.shard_rows, str(work))
    version = reading_version(settings)
    results = find_results(*map(str, folders), version)
    earlier = deal_out(results, [partition], str(work))
    jobs = [
        ShardJob(
            *(block, settings, str(csv.parent), settings.thin.is_on, frozenset()),
            *(str(work / f"block-{block.number}"), block.rows, earlier.get(block[:2], ())),
        )
        for block in partition.blocks
    ]
    for job in jobs:
        write_shard(job)
        for folder, ending in zip(folders, (RECORDS, FRAMES), strict=False):
            target = folder / split_folder(split) / (job.shard_name + ending)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(job.stem + ending, target)
    counts = split_counts([read_counts(job.stem) for job in jobs], DEFAULT_MOODS)
    document = {"splits": {split: counts}, "version": version}
    (folders[2] / artifacts.INGEST_JSON).write_text(json.dumps(document), encoding="utf-8")
    return Counts(counts["reused"], counts["read"])


def written(node: Path, number: int) -> dict[str, bytes]:
    """Returns the bytes of a result's shards."""
    paths = [path for output in OUTPUTS[:2] for path in (node / output / str(number)).glob("*/*")]
    return {
        str(path.relative_to(node)).replace(f"/{number}/", "/"): path.read_bytes() for path in paths
    }


class Case(NamedTuple):
    """A table, and a node with one result of it."""

    folder: Path
    node: Path
    rows: list[str]

    def again(self, rows: list[str], settings: IngestSettings = SETTINGS, **more: Any) -> Counts:
        """Ingests other rows, and compares the bytes with those of an ingest from nothing."""
        csv = write_table(self.folder, rows)
        number = 1 + max(int(path.name) for path in (self.node / "examples").iterdir())
        counts = ingest(csv, self.node, number, settings, **more)
        fresh = self.folder / f"fresh-{number}"
        assert ingest(csv, fresh, number, settings, **more).reused == 0
        assert written(self.node, number) == written(fresh, number) != {}
        return counts


@pytest.fixture
def case(tmp_path: Path) -> Case:
    rows = rows_of(tmp_path, list(range(CLIPS)))
    assert ingest(write_table(tmp_path, rows), tmp_path / "node", 9) == (0, len(rows))
    return Case(tmp_path, tmp_path / "node", rows)


def test_nothing_is_read_of_rows_that_are_the_same_and_in_other_lines(case: Case) -> None:
    assert case.again(case.rows[::-1]) == (24, 0)


def test_one_changed_photo_alone_is_read(case: Case) -> None:
    Image.new("RGB", (32, 24), "red").save(case.folder / "c5-1.png")
    assert case.again(case.rows) == (23, 1)
    os.utime(case.folder / "c5-0.png", ns=(1, 1))
    # Of the two earlier results, the newer one has the red photo.
    assert case.again(case.rows) == (23, 1)


@pytest.mark.parametrize("change", [("1,2,20,28", "1,2,20,27"), (CALM, "공포"), (",c0", ",c99")])
def test_a_changed_box_label_or_clip_costs_its_row(case: Case, change: tuple[str, str]) -> None:
    assert case.again([case.rows[0].replace(*change), *case.rows[1:]]) == (23, 1)


def test_new_clips_anywhere_in_the_table_cost_their_rows_and_may_make_other_blocks(
    case: Case,
) -> None:
    first, middle = rows_of(case.folder, [20]), rows_of(case.folder, [21])
    assert case.again([*first, *case.rows[:11], *middle, *case.rows[11:]]) == (24, 4)


def test_rows_that_are_left_out_now_may_come_back(case: Case) -> None:
    assert case.again(case.rows[:2]) == (2, 0)
    assert case.again(case.rows) == (24, 0)


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS.replace(side=15),
        SETTINGS.replace(code="2"),
        SETTINGS.replace(data=SETTINGS.data.replace(box_margin=0.1)),
    ],
)
def test_a_changed_setting_or_changed_code_costs_everything(
    case: Case, settings: IngestSettings
) -> None:
    assert case.again(case.rows, settings) == (0, 24)


@pytest.mark.parametrize("name", sorted({*DataSettings.model_fields} - {*row_keys._CHOOSING_DATA}))
def test_every_setting_that_changes_examples_makes_another_version(name: str) -> None:
    value = getattr(SETTINGS.data, name)
    other = SETTINGS.data.model_copy(update={name: value + 1})
    settings = SETTINGS.model_copy(update={"data": other})
    assert reading_version(settings) != reading_version(SETTINGS)


def test_the_image_root_and_whether_rows_have_labels_count_and_the_line_does_not() -> None:
    row = Row(2, "a.jpg", "1,2,3,4", CALM, "", "a.jpg", "")
    key = row_keys.row_key("v", "/data", row, "7,8")
    assert row_keys.row_key("v", "/data", row._replace(line=3), "7,8") == key
    others = {
        *(
            row_keys.row_key("v", "/data", row._replace(**{name: "x"}), "7,8")
            for name in row._fields[1:]
        ),
        row_keys.row_key("w", "/data", row, "7,8"),
        row_keys.row_key("v", "/other", row, "7,8"),
        row_keys.row_key("v", "/data", row, "7,9"),
    }
    assert len(others - {key}) == 7 + 3
    # A change of a photo without a state would not be seen.
    assert row_keys.row_key("v", "/data", row, "-") == ""
    unlabelled = SETTINGS.replace(labelled=False)
    assert reading_version(unlabelled) != reading_version(SETTINGS)


def test_settings_that_choose_and_arrange_rows_cost_nothing(case: Case) -> None:
    data = SETTINGS.data.replace(shard_rows=10, max_reject_fraction=0.5)
    assert case.again(case.rows, SETTINGS.replace(data=data, photos="other")) == (24, 0)
    thin = ThinSettings(max_frames=1)
    assert case.again(case.rows, SETTINGS.replace(thin=thin)) == (12, 0)
    # What was thinned is in the result before that one.
    assert case.again(case.rows) == (24, 0)


def test_another_version_of_a_library_costs_everything(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_keys.metadata, "version", lambda name: f"0 of {name}")
    assert case.again(case.rows) == (0, 24)


def test_duplicates_and_missing_photos_are_judged_anew(case: Case) -> None:
    (case.folder / "c3-1.png").unlink()
    # The same photo and box in another clip, which may come into the same block.
    assert case.again([*case.rows, case.rows[0]]) == (23, 1)
    rows_of(case.folder, [3])
    assert case.again(case.rows)[1] == 1


@pytest.mark.parametrize("fault", ["flipped", "cut", "gone", "exchanged"])
def test_a_damaged_earlier_shard_is_told_and_its_rows_are_read(
    case: Case, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    shards = sorted((case.node / "examples" / "9" / split_folder(TRAIN)).iterdir())
    assert len(shards) == 4
    content = bytearray(shards[0].read_bytes())
    if fault == "flipped":
        content[40] ^= 1
        shards[0].write_bytes(content)
    elif fault == "cut":
        shards[0].write_bytes(content[:30])
    elif fault == "exchanged":
        shards[0].write_bytes(shards[1].read_bytes())
    else:
        shards[0].unlink()
    with caplog.at_level(logging.WARNING):
        reused, read = case.again(case.rows)
    assert (reused, read) == (18, 6)
    assert {str(shards[0]) in record.getMessage() for record in caplog.records} == {True}


def test_a_damaged_earlier_table_is_told_and_its_rows_are_read(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    tables = sorted((case.node / "frames" / "9" / split_folder(TRAIN)).iterdir())
    tables[1].write_bytes(b"PAR1")
    with caplog.at_level(logging.WARNING):
        assert case.again(case.rows) == (18, 6)
    (record,) = caplog.records
    assert str(tables[1]) in record.getMessage()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1}', None])
def test_a_folder_that_is_no_result_is_passed_over(case: Case, content: str | None) -> None:
    folder = case.node / "rejects" / "10"
    folder.mkdir()
    (case.node / "examples" / "10").mkdir()
    if content is not None:
        (folder / artifacts.INGEST_JSON).write_text(content, encoding="utf-8")
    (case.node / "rejects" / "notes").mkdir()
    assert case.again(case.rows) == (24, 0)


def test_rows_of_another_split_are_read(case: Case) -> None:
    assert case.again(case.rows, split="eval") == (0, 24)


def test_in_a_bucket_and_in_a_run_of_its_own_no_result_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "rejects" / "1").mkdir(parents=True)
    assert find_results("gs://a/examples/2", "gs://a/frames/2", "gs://a/rejects/2", "") == []
    run = str(tmp_path / "rejects")
    assert find_results(run, run, run, "") == []


def test_two_percent_of_new_clips_read_two_percent(tmp_path: Path) -> None:
    settings = SETTINGS.replace(data=SETTINGS.data.replace(shard_rows=20))
    rows = rows_of(tmp_path, list(range(50)))
    ingest(write_table(tmp_path, rows), tmp_path / "node", 1, settings)
    csv = write_table(tmp_path, [*rows[:40], *rows_of(tmp_path, [77]), *rows[40:]])
    assert ingest(csv, tmp_path / "node", 2, settings) == (100, 2)
