"""The original project's training command as a request, and the lines that it ends with."""

import datetime
import shlex
from pathlib import Path
from typing import Any

import pytest

import local_runner
import train
from dataset.boxes import PixelBox
from pipeline.config import Settings
from report.results import Results
from runner.example_row import ExampleRow
from runner.original_command import OriginalCommand, closing_lines
from runner.run_record import RunRecord
from runner.run_request import RunRequest
from schemas.labels import DEFAULT_MOODS


def request_of(module: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> RunRequest:
    """Returns the request that a command line makes; it exits with 4."""
    requests = []

    def run(request: RunRequest, *_: object) -> int:
        requests.append(request)
        return 4

    monkeypatch.setattr(module, "run", run)
    assert module.main(arguments) == 4
    (request,) = requests
    return request


def test_the_originals_own_command_is_taken_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    command = (
        "--train ./data/train.csv --valid ./data/val.csv --batch_size 32 --resolution 96 "
        "--learning_rate 3e-5 --epochs 7 --train_base"
    )
    request = request_of(train, monkeypatch, command.split())
    assert (request.train_csv, request.eval_csv) == (Path("data/train.csv"), Path("data/val.csv"))
    settings = request.settings()
    assert (settings.train.batch_size, settings.model.resolution) == (32, 96)
    assert (settings.train.learning_rate, settings.train.epochs) == (3e-5, 7)
    assert settings.train.fine_tune == "full"
    assert settings.model.weights == "imagenet"


def test_left_out_flags_are_the_originals_and_the_backbone_stays_frozen() -> None:
    settings = OriginalCommand(Path("train.csv")).request().settings()
    assert (settings.train.batch_size, settings.model.resolution) == (64, 224)
    assert (settings.train.learning_rate, settings.train.epochs) == (5e-6, 100)
    assert settings.train.fine_tune == "head"


def test_a_setting_wins_over_a_flag() -> None:
    request = OriginalCommand(Path("a"), overrides=("train.fine_tune=two_phase",)).request()
    assert request.settings().train.fine_tune == "two_phase"


def test_the_printed_local_runner_command_makes_the_same_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "--train|a b.csv|--valid|v.csv|--train_base|--labels|l.json|--output|o|--image-root|i"
    request = request_of(train, monkeypatch, [*command.split("|"), "--set", "augment.strength=0"])
    title, line, _ = capsys.readouterr().out.splitlines()
    assert title == "The same as:"
    assert line.startswith("  python local_runner.py --train-csv 'a b.csv' --eval-csv v.csv ")
    assert request_of(local_runner, monkeypatch, shlex.split(line)[2:]) == request


def test_training_rows_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        train.main(["--valid", "v.csv"])
    assert caught.value.code == 2
    assert "--train" in capsys.readouterr().err


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    """A run whose model is trained and evaluated."""
    output = tmp_path / "out"
    output.mkdir()
    checkpoint = tmp_path / "model_run" / "best.keras"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"weights")
    started = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
    counts = dict.fromkeys(DEFAULT_MOODS, 5)
    return RunRecord(
        output,
        output / "run.log",
        started,
        settings=Settings(),
        results=Results(
            ingest={"splits": {"train": {"moods": counts}}},
            checkpoint=checkpoint,
            metrics={
                "rows": 1504,
                "model": {"macro_f1": 0.25, "accuracy": 0.5},
                "majority": {"mood": "공포", "macro_f1": 0.125, "accuracy": 0.625},
            },
        ),
    )


def lines(record: RunRecord, example: ExampleRow | None = None, **flags: Any) -> list[str]:
    return list(closing_lines(OriginalCommand(Path("t.csv"), **flags).request(), record, example))


def test_it_ends_with_the_checkpoint_the_figures_and_the_command_to_try(
    record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(record.folder.parent)
    example = ExampleRow(Path("a b.jpg").absolute(), PixelBox(1, 2, 30, 40), "공포")
    assert lines(record, example) == [
        "",
        "  Checkpoint  out/best.keras",
        "  on 1,504 val rows: macro-F1 0.250, accuracy 0.500 (always 공포: 0.125, 0.625)",
        "  uv run python inference.py --weight_path out/best.keras --input_size 224 --classes 6 "
        "--box 1,2,30,40 'a b.jpg'",
    ]
    assert (record.folder / "best.keras").read_bytes() == b"weights"
    assert [path.name for path in record.folder.iterdir()] == ["best.keras"]


def test_a_checkpoint_of_an_earlier_run_is_replaced(record: RunRecord) -> None:
    (record.folder / "best.keras").write_bytes(b"old")
    lines(record)
    assert (record.folder / "best.keras").read_bytes() == b"weights"


def test_a_run_without_a_checkpoint_of_its_own_shows_no_older_one(record: RunRecord) -> None:
    (record.folder / "best.keras").write_bytes(b"old")
    record.results.checkpoint = None
    assert lines(record) == []


def test_the_users_labels_are_in_the_command(record: RunRecord, tmp_path: Path) -> None:
    labels = tmp_path / "label.json"
    labels.write_text('{"b": 1, "a": 0}')
    record.results.ingest = {"splits": {"train": {"moods": {"a": 1, "b": 2}}}}
    assert lines(record, labels=labels)[-1].endswith(f"--classes 2 --label {labels}")


def test_moods_that_no_row_has_are_named(record: RunRecord) -> None:
    assert record.results.ingest is not None
    record.results.ingest["splits"]["train"]["moods"]["공격성"] = 0
    assert "  No train row has the label 공격성: the model cannot learn it." in lines(record)[3]
