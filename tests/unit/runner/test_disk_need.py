"""The free disk that a run needs, before its first node."""

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from pipeline import config, nodes
from pipeline.run_inputs import RunInputs
from runner import disk_need
from runner.environment import MIN_FREE_DISK_BYTES
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS


def write_table(folder: Path, name: str, rows: int) -> Path:
    Image.effect_noise((120, 90), 50).convert("RGB").save(folder / "photo.png")
    lines = [f'photo.png,"1,{row},60,60",{DEFAULT_MOODS[0]}' for row in range(rows)]
    csv = folder / name
    csv.write_text("\n".join(["image_path,bbox,labels", *lines, ""]), "utf-8")
    return csv


@pytest.fixture
def inputs(tmp_path: Path) -> RunInputs:
    train, val, new = (
        write_table(tmp_path, f"{name}.csv", rows)
        for name, rows in (("train", 12), ("val", 4), ("new", 6))
    )
    return RunInputs(train, val, None, DEFAULT_MOODS, tmp_path, new)


def test_rows_without_moods_are_stored_twice_and_reused_ones_not_again(inputs: RunInputs) -> None:
    settings = config.load("quick", None, ["data.surplus=0"])
    labelled, unlabelled = disk_need.estimate(settings, inputs)
    assert (labelled.rows, unlabelled.rows) == (16, 6)
    # All crops have the same size here.
    assert unlabelled.bytes / 12 == pytest.approx(labelled.bytes / 16, rel=0.1)
    reusable = frozenset({nodes.EXAMPLE_GEN})
    assert [*disk_need.estimate(settings, inputs, reusable)] == [unlabelled]


def test_finished_blocks_need_no_more_room(inputs: RunInputs) -> None:
    settings = config.load("quick", None, [])
    whole, _ = disk_need.estimate(settings, inputs)
    unfinished = inputs.artifacts / nodes.EXAMPLE_GEN / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "train-00000-of-00002.tfrecord").write_bytes(b"x" * 1000)
    (unfinished / "train-00001-of-00002.0123.partial.tfrecord").write_bytes(b"x" * 500)
    rest, _ = disk_need.estimate(settings, inputs)
    assert rest.bytes == whole.bytes - 1000


@pytest.mark.parametrize("missing", [1, 0])
def test_too_little_disk_is_told_with_both_sizes(
    tmp_path: Path, inputs: RunInputs, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    need = disk_need.DiskNeed(2_000_000, 40 * 10**9)
    free = MIN_FREE_DISK_BYTES + 44 * 10**9 - missing
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    if not missing:
        disk_need.check(inputs, [need])
        return
    message = r"needs about 44\.5 GB of free disk for 2,000,000 rows\. Received: 44\.5 GB at "
    with pytest.raises(ConfigError, match=message):
        disk_need.check(inputs, [need])


def test_rows_that_are_held_out_of_train_are_not_thinned(inputs: RunInputs) -> None:
    # Twelve rows of one photo are one clip each; as frames of one clip, thinning keeps one.
    lines = inputs.train_csv.read_text("utf-8").splitlines()
    rows = [f"{line},one" for line in lines[1:]]
    inputs.train_csv.write_text("\n".join([f"{lines[0]},clip", *rows, ""]), "utf-8")

    # A mean over other photos differs by some hundredths.
    def kept(*overrides: str, **changes: Path | None) -> float:
        settings = config.load("quick", None, ["data.surplus=0", "thin.max_frames=1", *overrides])
        given = dataclasses.replace(inputs, predict_csv=None, **changes)
        (need,) = disk_need.estimate(settings, given)
        return need.bytes / one_row

    one_row = 1.0
    one_row = kept() / (1 + 4)  # One train row and all four eval rows.
    assert kept("data.validation_fraction=0.5") == pytest.approx(6 + 0.5 + 4, rel=0.03)
    assert kept(eval_csv=None) == pytest.approx(12 * 0.2 + 0.8, rel=0.03)
    assert kept(validation_csv=inputs.eval_csv.with_name("new.csv")) == pytest.approx(11, rel=0.03)
