"""Tests of the sample's folder: it is complete or missing, and does not depend on the workers."""

import csv
import json
import logging
from pathlib import Path

import pytest

from dataset.sample import writer
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import SamplePaths, write_sample
from schemas.errors import ConfigError
from system.progress import LOGGER

TINY = SampleSettings(
    train_clips=(1, 0, 0, 2, 0, 0),
    eval_clips=(0, 1, 0, 0, 0, 0),
    frames_per_clip=3,
    long_side=96,
    short_side=64,
    with_faults=False,
)
OTHER = TINY.replace(seed=8)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _siblings(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir()} - {f".{folder.name}.lock"}


@pytest.mark.slow
def test_files_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    settings = TINY.replace(with_faults=True)
    alone = write_sample(tmp_path / "alone", settings, workers=1)
    together = write_sample(tmp_path / "together", settings, workers=2)
    contents = _contents(alone.folder)
    # 3 clips of 3 frames each in train and 1 in eval, 10 drawn faults of which one is a
    # missing file, 9 oddities, two CSVs and the manifest.
    assert len(contents) == 9 + 3 + 9 + 9 + 2 + 1
    assert contents == _contents(together.folder)


def test_rows_name_frames_six_numbers_and_200_ms_apart(tmp_path: Path) -> None:
    paths = write_sample(tmp_path / "sample", TINY, workers=1)
    rows = _rows(paths.train_csv)
    assert len(rows) == 9
    assert [Path(row["image_path"]).name for row in rows[:3]] == [
        "frame_0_timestamp_0.jpg",
        "frame_6_timestamp_200.jpg",
        "frame_12_timestamp_400.jpg",
    ]
    for row in rows + _rows(paths.eval_csv):
        assert row["image_path"].startswith(f"images/{row['clip']}/")
        assert (paths.folder / row["image_path"]).is_file()
    assert [row["labels"] for row in _rows(paths.eval_csv)] == ["공포"] * 3


def test_equal_settings_reuse_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_sample(tmp_path / "sample", TINY, workers=1)
    monkeypatch.setattr(writer, "save_clip", _interrupt)
    assert write_sample(tmp_path / "sample", TINY, workers=2) == first


def test_other_settings_replace_an_earlier_sample(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    write_sample(folder, TINY, workers=1)
    before = _contents(folder)
    write_sample(folder, OTHER, workers=1)
    assert json.loads((folder / "sample.json").read_text("utf-8"))["settings"]["seed"] == 8
    assert _contents(folder) != before
    assert _siblings(folder) == {"sample"}


def test_interruption_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sample"
    monkeypatch.setattr(writer, "save_clip", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_sample(folder, TINY, workers=1)
    assert _siblings(folder) == set()


def test_interrupted_replacement_leaves_the_earlier_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sample"
    write_sample(folder, TINY, workers=1)
    before = _contents(folder)
    monkeypatch.setattr(writer, "save_clip", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_sample(folder, OTHER, workers=1)
    assert _contents(folder) == before


def test_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    half_made = tmp_path / "sample.partial"
    half_made.mkdir()
    (half_made / "train.csv").write_text("half")
    paths = write_sample(tmp_path / "sample", TINY, workers=1)
    assert len(_rows(paths.train_csv)) == 9
    assert _siblings(paths.folder) == {"sample"}


@pytest.mark.parametrize("name", ["holiday.jpg", "sample.json"])
def test_a_folder_with_other_files_is_refused_and_not_changed(tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / name).write_text('{"settings": {}}')
    with pytest.raises(ConfigError, match="needs a separate folder"):
        write_sample(tmp_path / "photos", TINY, workers=1)
    assert _contents(tmp_path / "photos") == {name: b'{"settings": {}}'}


def test_a_manifest_that_cannot_be_read_is_told_as_the_system_tells_it(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "sample", TINY, workers=1).folder
    (folder / "sample.json").unlink()
    (folder / "sample.json").symlink_to("sample.json")
    with pytest.raises(OSError, match="symbolic links"):
        write_sample(folder, TINY, workers=1)


def test_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    paths = write_sample(tmp_path / "sample", TINY, workers=1)
    assert paths == SamplePaths(
        tmp_path / "sample" / "train.csv", tmp_path / "sample" / "val.csv", tmp_path / "sample"
    )
    assert paths.train_csv.is_file()


def test_negative_workers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Received: -1"):
        write_sample(tmp_path / "sample", TINY, workers=-1)


def test_progress_adds_up_to_every_frame(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER.name):
        write_sample(tmp_path / "sample", TINY, workers=1)
    steps = [getattr(record, "progress", None) for record in caplog.records]
    reported = [step for step in steps if step is not None]
    assert sum(step.advance for step in reported) == 12
    assert {(step.task, step.total, step.unit) for step in reported} == {
        ("draw sample", 12, "frames")
    }


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
