"""What may be asked for together, and that the files are there."""

import json
import os
from pathlib import Path

import pytest

from runner.run_request import RunRequest
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS


def csv_in(folder: Path, name: str = "train.csv") -> Path:
    path = folder / name
    path.write_text("image_path,bbox,labels\n")
    return path


def refusal(request: RunRequest) -> str:
    with pytest.raises(ConfigError) as caught:
        request.inputs()
    return str(caught.value)


def test_without_a_csv_the_sample_and_its_preset_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    request = RunRequest()
    assert request.uses_sample
    assert request.folder == tmp_path / "build" / "sample"
    assert request.settings().model.weights == "none"
    inputs = request.inputs()
    assert inputs.train_csv == tmp_path / "build" / "sample" / "sample_data"
    assert inputs.output == tmp_path / "build" / "sample"
    assert inputs.moods == DEFAULT_MOODS


def test_with_a_csv_the_default_preset_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    csv_in(tmp_path)
    request = RunRequest(train_csv=Path("train.csv"))
    assert request.folder == tmp_path / "build" / "run"
    assert request.settings().model.weights == "imagenet"
    assert request.settings().model.resolution == 224
    assert request.inputs().train_csv == tmp_path / "train.csv"
    assert request.inputs().eval_csv is None


def test_a_preset_that_is_named_wins(tmp_path: Path) -> None:
    request = RunRequest(train_csv=csv_in(tmp_path), preset="quick")
    assert request.settings().train.epochs == 1


def test_the_sample_takes_no_eval_csv_and_no_image_root(tmp_path: Path) -> None:
    for option, request in (
        ("--eval-csv", RunRequest(eval_csv=csv_in(tmp_path))),
        ("--image-root", RunRequest(image_root=tmp_path)),
    ):
        assert refusal(request) == f"{option} goes with --train-csv. Received it alone."


def test_a_csv_that_is_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe.csv (a named pipe)" in refusal(RunRequest(train_csv=tmp_path / "pipe.csv"))


def test_a_csv_that_is_not_there_is_named(tmp_path: Path) -> None:
    train, missing = csv_in(tmp_path), tmp_path / "none.csv"
    message = refusal(RunRequest(train_csv=missing))
    assert message.startswith("--train-csv must be a CSV file that can be read.")
    assert f"Received: {missing} (No such file or directory)" in message
    assert refusal(RunRequest(train_csv=train, eval_csv=missing)).startswith("--eval-csv")


def test_a_folder_is_no_csv(tmp_path: Path) -> None:
    assert "(a folder)" in refusal(RunRequest(train_csv=tmp_path))


def test_training_and_evaluation_on_the_same_file_is_refused(tmp_path: Path) -> None:
    train = csv_in(tmp_path)
    link = tmp_path / "eval.csv"
    link.symlink_to(train)
    message = refusal(RunRequest(train_csv=train, eval_csv=link))
    assert message.startswith("--train-csv and --eval-csv must differ")


def test_an_image_root_must_be_a_folder(tmp_path: Path) -> None:
    train = csv_in(tmp_path)
    message = refusal(RunRequest(train_csv=train, image_root=train))
    assert message == f"--image-root must be a folder. Received: {train}"


def test_labels_come_from_their_file(tmp_path: Path) -> None:
    labels = tmp_path / "label.json"
    labels.write_text(json.dumps({"고양이": 1, "강아지": 0}), encoding="utf-8")
    inputs = RunRequest(train_csv=csv_in(tmp_path), labels=labels).inputs()
    assert inputs.moods == ("강아지", "고양이")


@pytest.mark.parametrize("content", ["[1]", "{", '{"a": 0}'])
def test_a_label_file_that_is_none_is_a_config_error(tmp_path: Path, content: str) -> None:
    labels = tmp_path / "label.json"
    labels.write_text(content)
    assert refusal(RunRequest(train_csv=csv_in(tmp_path), labels=labels)).startswith("--labels: ")


def test_a_weights_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    request = RunRequest(overrides=("model.weights=base.h5",))
    with pytest.raises(ConfigError, match="must be imagenet, none or a weights file"):
        request.settings()
    (tmp_path / "base.h5").write_bytes(b"")
    assert request.settings().model.weights == str(tmp_path / "base.h5")


def test_a_validation_csv_stands_beside_both_others(tmp_path: Path) -> None:
    train, val, choice = (csv_in(tmp_path, f"{name}.csv") for name in ("train", "val", "choice"))
    request = RunRequest(train_csv=train, eval_csv=val, validation_csv=choice)
    assert request.inputs().validation_csv == choice
    assert request.settings().data.validation_fraction == 0
    for other, wrong in (
        ("--train-csv", RunRequest(train_csv=train, eval_csv=val, validation_csv=train)),
        ("--eval-csv", RunRequest(train_csv=train, eval_csv=val, validation_csv=val)),
    ):
        assert refusal(wrong).startswith(f"--validation-csv and {other} must differ")
    alone = RunRequest(train_csv=train, validation_csv=choice)
    assert "goes with --train-csv and --eval-csv" in refusal(alone)
    assert refusal(RunRequest(validation_csv=choice)) == (
        "--validation-csv goes with --train-csv. Received it alone."
    )


def test_one_validation_split_is_enough(tmp_path: Path) -> None:
    train, val, choice = (csv_in(tmp_path, f"{name}.csv") for name in ("train", "val", "choice"))
    overrides = ("data.validation_fraction=0.1",)
    assert RunRequest(train, val, overrides=overrides).settings().data.validation_fraction == 0.1
    both = RunRequest(train, val, validation_csv=choice, overrides=overrides)
    with pytest.raises(ConfigError, match=r"either from --validation-csv or from train's clips"):
        both.settings()
