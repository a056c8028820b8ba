"""Tests of runner.preparation."""

from pathlib import Path

import pytest

from pipeline import config
from pipeline.run_inputs import RunInputs
from runner.local import run
from runner.preparation import check_names
from runner.run_request import RunRequest
from schemas.errors import DataRefusedError
from schemas.exit_codes import RunExit

HEADER = "image_path,bbox,labels,clip,group\n"


def inputs(folder: Path, train: str, evaluation: str | None) -> RunInputs:
    (folder / "train.csv").write_text(HEADER + train, encoding="utf-8")
    if evaluation is not None:
        (folder / "val.csv").write_text(HEADER + evaluation, encoding="utf-8")
    eval_csv = None if evaluation is None else folder / "val.csv"
    return RunInputs(folder / "train.csv", eval_csv, None, ("a", "b"), folder / "out")


def test_names_in_both_csvs_are_refused_beyond_the_limits(tmp_path: Path) -> None:
    row = 'a.jpg,"1,2,3,4",a,clip,animal\n'
    given = inputs(tmp_path, row, row)
    with pytest.raises(
        DataRefusedError, match=r"Clips that are also in train: 1, .*\(clip\).*\(animal\)"
    ):
        check_names(config.load("default", None, ()), given)
    with pytest.raises(
        DataRefusedError, match=r"^Animals that are also in train: 1, .*--animals-in-both"
    ):
        check_names(config.load("default", None, ["leak.max_clips=1"]), given)
    check_names(config.load("default", None, ["leak.max_clips=1", "leak.max_groups=1"]), given)


def test_a_single_csv_shares_nothing(tmp_path: Path) -> None:
    check_names(config.load("default", None, ()), inputs(tmp_path, "", None))


def test_a_run_ends_before_any_photo_is_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = inputs(tmp_path, 'a.jpg,"1,2,3,4",공포,c,g\n', 'b.jpg,"1,2,3,4",공포,d,g\n')
    request = RunRequest(given.train_csv, given.eval_csv, output=tmp_path / "out")
    assert run(request) == RunExit.DATA_REFUSED
    said = capfd.readouterr()
    assert "Comparing CSVs" in said.out
    assert "Loading TFX" not in said.out
    assert "Animals that are also in train: 1, leak.max_groups allows 0 (g)" in said.err
