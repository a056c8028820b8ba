"""Trials in a process of their own: what hangs is given up, what dies says why."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import precision_process
from models.training.precision import fastest
from models.training.precision_measurement import Measurement
from models.training.precision_process import try_in_process
from models.training.precision_trial import MARK
from models.training.step_config import StepConfig
from testing.models.precision_results import BATCH, HALF, HALF_XLA, PLAIN, result


def process(tmp_path: Path, *lines: str) -> list[str]:
    """Returns the command of a process that runs these lines of Python."""
    script = tmp_path / "trial.py"
    head = ["import json, os, sys, time", f"def say(result): print({MARK!r} + json.dumps(result))"]
    script.write_text("\n".join([*head, *lines]), "utf-8")
    return [sys.executable, "-u", str(script)]


def tried(
    command: list[str], configs: Sequence[StepConfig] = (PLAIN, HALF, HALF_XLA), **limits: float
) -> list[Measurement]:
    job = precision_process.job_for({}, TrainSettings(), ["a", "b"], [1, 1])
    limits = {"trial_seconds": 1.0, "start_seconds": 9.0, "all_seconds": 20.0} | limits
    return try_in_process(job, BATCH, configs, command=command, **limits)


def test_a_trial_that_hangs_is_given_up_and_what_was_measured_counts(tmp_path: Path) -> None:
    # A hanging kernel does not listen to signals that can be ignored.
    command = process(
        tmp_path,
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        f"print('noise'); say({result(config=0, gradient_cosine=1.0)!r})",
        "open(os.path.join(os.path.dirname(__file__), 'pid'), 'w').write(str(os.getpid()))",
        "time.sleep(600)",
    )
    began = time.monotonic()
    first, hanging, last = tried(command)
    assert time.monotonic() - began < 10
    assert not first.failure and first.loss == 1.8
    assert hanging.failure == "was given up after 1 s"
    assert last.failure == "not tried, because the one before was given up after 1 s"
    assert fastest([PLAIN, HALF, HALF_XLA], lambda _: [first, hanging, last])[0] == PLAIN
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        status = Path(f"/proc/{pid}")
        if not status.exists():
            break
        time.sleep(0.1)
    assert not status.exists()


def test_all_trials_together_have_a_deadline(tmp_path: Path) -> None:
    answers = [
        f"time.sleep(0.7); say({result(config=number, gradient_cosine=1.0)!r})"
        for number in range(3)
    ]
    found = tried(process(tmp_path, *answers, "time.sleep(600)"), all_seconds=1.2)
    assert [bool(each.failure) for each in found] == [False, True, True]


def test_a_process_that_dies_fails_its_trial_with_what_it_said_last(tmp_path: Path) -> None:
    command = process(
        tmp_path,
        f"say({result(config=0, gradient_cosine=1.0)!r})",
        "sys.stderr.write('CUDA_ERROR_ILLEGAL_ADDRESS'); os._exit(134)",
    )
    first, dead, last = tried(command)
    assert not first.failure
    assert dead.failure == "ended its process: CUDA_ERROR_ILLEGAL_ADDRESS"
    assert last.failure.startswith("not tried")


def test_each_trial_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tried(process(tmp_path, f"say({result(config=0, gradient_cosine=1.0)!r})"))
    told = [record.progress for record in caplog.records if hasattr(record, "progress")]
    assert {(each.task, each.total, each.unit) for each in told} == {("precision", 3, "trials")}
    assert told[0].note == "trying float32, for 10 s at most" and told[0].advance == 0
    assert told[1].note == "float32: 100.0 ms a batch" and told[1].advance == 1
    assert told[2].note.startswith("trying float16, for 1 s")


@pytest.mark.slow
def test_a_real_process_tries_the_network_and_says_what_it_cannot_build() -> None:
    job = precision_process.job_for(
        ModelSettings(weights="none", resolution=32).model_dump(),
        TrainSettings(batch_size=8),
        ["a", "b", "c", "d"],
        [2, 2, 2, 2],
    )
    limits = {"trial_seconds": 200.0, "all_seconds": 400.0}
    (plain,) = try_in_process(job, BATCH, [PLAIN], **limits)
    assert not plain.failure and plain.gradient_cosine == pytest.approx(1) and plain.seconds > 0
    job["model"]["weights"] = "/no/such.h5"
    (broken,) = try_in_process(job, BATCH, [PLAIN], **limits)
    assert broken.failure.startswith("ConfigError: model.weights must be")
