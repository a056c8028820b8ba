"""Tests of runner.preparation."""

import dataclasses
from pathlib import Path

import pytest

from dataset.sample import settings as sample_settings
from dataset.sample.settings import SampleSettings
from pipeline import config
from pipeline.run_inputs import RunInputs
from runner.local import run
from runner.preparation import check_names, csv_records, draw_sample
from runner.run_request import RunRequest
from schemas.errors import DataRefusedError
from schemas.exit_codes import RunExit

TINY = SampleSettings(
    train_clips=(1, 0, 0, 0, 0, 0),
    eval_clips=(0, 1, 0, 0, 0, 0),
    validation_clips=(0, 0, 1, 0, 0, 0),
    frames_per_clip=1,
    long_side=64,
    short_side=64,
    with_faults=False,
)
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


@pytest.mark.parametrize(
    ("csvs", "message"),
    [
        (("c1", "c1", "c3"), r"^Clips of validation that are also in train: 1, .* \(c1\)\. "),
        (("c1", "c2", "c1"), r"^Clips of eval that are also in train: 1, .* \(c1\)\. "),
        (("c1", "c2", "c2"), r"^Clips of eval that are also in validation: 1, .* \(c2\)\. "),
        (("c1", "c2", "c3"), ""),
    ],
)
def test_three_csvs_are_compared_by_pairs(
    tmp_path: Path, csvs: tuple[str, str, str], message: str
) -> None:
    rows = [f'{name}.jpg,"1,2,3,4",a,{name},{name}\n' for name in csvs]
    validation = tmp_path / "validation.csv"
    validation.write_text(HEADER + rows[1], encoding="utf-8")
    given = dataclasses.replace(inputs(tmp_path, rows[0], rows[2]), validation_csv=validation)
    settings = config.load("default", None, ())
    if not message:
        check_names(settings, given)
        return
    with pytest.raises(DataRefusedError, match=message):
        check_names(settings, given)


@pytest.mark.slow
def test_the_drawn_sample_has_three_splits_unless_a_share_of_train_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_settings, "THREE_SPLITS", TINY)
    given = RunInputs(tmp_path / "sample", None, None, ("a", "b"), tmp_path / "out")
    drawn = draw_sample(config.load("sample", None, ()), given)
    assert drawn.validation_csv == tmp_path / "sample" / "validation.csv"
    check_names(config.load("sample", None, ()), drawn)
    with_share = draw_sample(config.load("sample", None, ["data.validation_fraction=0.2"]), given)
    assert with_share == dataclasses.replace(drawn, validation_csv=None)


def test_csvs_are_recorded_as_they_are(tmp_path: Path) -> None:
    train, evaluation = tmp_path / "t.csv", tmp_path / "e.csv"
    train.write_bytes(b"abc")
    evaluation.write_bytes(b"")
    # SHA-256 of "abc" (FIPS 180-2, appendix B.1), and of nothing.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    inputs = RunInputs(train, None, None, ("a", "b"), tmp_path)
    one = {"path": str(train), "sha256": abc, "bytes": 3}
    assert csv_records(inputs) == {"all": one}
    assert csv_records(dataclasses.replace(inputs, eval_csv=evaluation)) == {
        "train": one,
        "eval": {"path": str(evaluation), "sha256": nothing, "bytes": 0},
    }


@pytest.mark.slow
def test_a_wrong_address_of_mlflow_ends_the_run_before_its_first_step(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("image_path,bbox,labels\n", "utf-8")
    code = run(RunRequest(train_csv=csv, output=tmp_path / "out", mlflow="nothing://x"))
    assert code == RunExit.CONFIG
    assert "--mlflow must be a folder or the address of an MLflow server" in capfd.readouterr().err
    assert not (tmp_path / "out" / "run.json").exists()
