"""The command lines as processes: quick errors for wrong arguments, without TensorFlow."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from testing.paths import ROOT

WITHOUT_TENSORFLOW = """
import importlib, sys
code = importlib.import_module(sys.argv[1]).main(sys.argv[2:])
heavy = {"tensorflow", "tfx", "apache_beam", "keras"} & set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""
CPU_SECONDS = 3.0
"""Of a command that is refused, or prints its help; importing TensorFlow alone takes more."""


def command(*arguments: object, module: str = "local_runner") -> "subprocess.CompletedProcess[str]":
    """Runs the command line; fails the test if it imports anything heavy or takes long."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, module, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Not the clock's time, which a busy machine stretches.
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < CPU_SECONDS
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.slow
def test_a_wrong_setting_ends_in_2_and_leaves_the_last_runs_record(tmp_path: Path) -> None:
    last = {"exit": 0, "pushed": "/serving/pet_mood/1"}
    for name in ("run.json", "report.json", "report.html"):
        (tmp_path / name).write_text(json.dumps(last), "utf-8")
    done = command("--output", tmp_path, "--set", "trian.epochs=3")
    message = "There is no setting 'trian.epochs'. Did you mean train.epochs or locate.epochs?"
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"error: {message}\n"
    for name in ("run.json", "report.json", "report.html"):
        assert json.loads((tmp_path / name).read_text("utf-8")) == last
    (log,) = (tmp_path / "logs").iterdir()
    assert message in log.read_text("utf-8")


@pytest.mark.slow
def test_a_missing_csv_ends_in_2_and_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "없음.csv"
    done = command("--output", tmp_path / "out", "--train-csv", missing)
    assert done.returncode == 2
    assert str(missing) in done.stderr
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--eval-csv", "x.csv"], "--eval-csv goes with --train-csv"),
        (["--preset", "fast"], "There is no preset 'fast'"),
        (["--config", "none.yaml"], "There is no settings file none.yaml"),
        (["--labels", "none.json"], "--labels: The label file cannot be read"),
        (["--set", "train.epochs=0"], "train.epochs must be at least 1"),
    ],
)
def test_what_cannot_work_ends_in_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = command("--output", tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")


@pytest.mark.slow
def test_an_output_that_cannot_be_a_folder_ends_in_2(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    done = command("--output", path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: The output folder must be writable. Received: {path}")


@pytest.mark.slow
def test_an_unknown_flag_ends_in_2(tmp_path: Path) -> None:
    done = command("--outputs", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: There is no flag --outputs. Did you mean --output?\n"


@pytest.mark.slow
def test_help_has_an_example_and_the_common_settings() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert "uv run python local_runner.py" in done.stdout
    for name in (
        "data.max_reject_fraction = 0.05",
        "model.weights = imagenet",
        "train.learning_rate = 0.0001",
        "beam.workers = 0",
    ):
        assert name in done.stdout
    assert "train.focal_gamma" not in done.stdout
    assert "train.focal_gamma = 2.0" in command("--help", "all").stdout


@pytest.mark.slow
def test_the_settings_can_be_printed_as_a_file_to_start_from(tmp_path: Path) -> None:
    done = command("--set", "train.epochs=3", "--print-config")
    assert done.returncode == 0
    assert "  epochs: 3\n" in done.stdout
    path = tmp_path / "settings.yaml"
    path.write_text(done.stdout, "utf-8")
    assert command("--config", path, "--print-config").stdout == done.stdout
    refused = command("--set", "train.epochs=0", "--print-config")
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.slow
def test_a_clusters_settings_are_refused_on_this_machine(tmp_path: Path) -> None:
    done = command("--output", tmp_path, "--set", "cluster.gpu_type=NVIDIA_L4")
    assert done.returncode == 2
    assert "cluster.* is for kubeflow_runner.py" in done.stderr
    assert "Received: cluster.gpu_type." in done.stderr


@pytest.mark.slow
def test_the_originals_command_is_as_quick_to_refuse(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    done = command("--train", missing, "--output", tmp_path / "out", module="train")
    assert done.returncode == 2
    assert done.stdout.startswith("The same as:\n  python local_runner.py --train-csv ")
    assert str(missing) in done.stderr
    assert not (tmp_path / "out" / "run.json").exists()
