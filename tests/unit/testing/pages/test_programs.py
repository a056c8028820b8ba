"""A command is refused for what its program would refuse, and for nothing else."""

import pytest

from testing.pages.programs import fault_of, setting_fault, unknown_flags


@pytest.mark.parametrize(
    "command",
    [
        "uv run python local_runner.py --train-csv a.csv --set train.epochs=3",
        "uv run --extra demo python demo.py --weight_path build/x",
        "uv sync --inexact --extra mlflow",
        "python3 doctor.py",
        "uv run python inference.py --server http://h a.jpg --box 1,2,3,4 b.jpg",
        "uv run python monitor.py drift --log L --run R --set drift.window=500",
        "uv run --extra gateway python serve.py --weight_path W --set log.folder=x",
        "uv run python -m dataset.prepare --root A --out B --animals-by day",
        "uv run python -m benchmarks.gpu_step --limit 30",
        "uv run python tools/take_screenshots.py --output build/sample",
        "--set log.folder=x --set thin.max_frames=4",
    ],
)
def test_a_right_command_has_no_fault(command: str) -> None:
    assert fault_of(command.split()) is None


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("uv run python local_runner.py --train-cvs a.csv", "--train-csv"),
        ("uv run python local_runner.py --set train.epoch=3", "train.epochs"),
        ("uv run python local_runner.py --set train.epochs=0", "train.epochs"),
        ("uv run python local_runner.py --preset fotos", "photos"),
        ("uv run --extra demos python demo.py --weight_path W", "no extra demos"),
        ("uv run --inexcat python demo.py --weight_path W", "in no table"),
        ("uv run python demo.py", "required"),
        ("uv run python rollout.py undo", "undo"),
        ("uv run python serve.py --weight_path W --set train.epochs=3", "train.epochs"),
        ("uv run python -m benchmarks.gpu_step --limits 30", "no flag --limits"),
        ("--set nothing.at_all=3", "no setting"),
        ("--set thin.max_frames=-1", "greater than or equal"),
    ],
)
def test_a_wrong_command_is_told(command: str, fault: str) -> None:
    assert fault in (fault_of(command.split()) or "")


@pytest.mark.parametrize("command", ["docker build .", "uv export", "python -m nothing.here"])
def test_a_program_of_others_is_no_fault_but_must_be_in_a_table(command: str) -> None:
    with pytest.raises(LookupError):
        fault_of(command.split())


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("train.fine_tune=head", True),
        ("train.fine_tune=heads", False),
        ("train.epoch=3", False),
        ("evaluate.target_accuracy=0.9", True),  # Beside coverage=0, which a name does not show.
        ("evaluate.target_accuracy=1.9", False),
        ("model.weights=FILE", True),
        ("report.html=3", True),  # No setting at all.
    ],
)
def test_a_setting_in_the_text(text: str, is_right: bool) -> None:
    assert (setting_fault(text) is None) is is_right


def test_a_part_of_a_command_has_flags_that_exist() -> None:
    assert unknown_flags(["rollout.py", "status", "--server", "URL"]) == []
    assert unknown_flags(["rollout.py", "status", "--severs", "URL"]) == ["--severs"]
