"""A cluster starts a failed task again: what another attempt would meet again is met once."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.container import refusals
from pipeline.container.task import Task
from schemas.errors import ConfigError, DataRefusedError
from schemas.exit_codes import RunExit
from testing.paths import ROOT


def task_in(folder: Path) -> Task:
    artifact = {"artifacts": [{"uri": str(folder / "out")}]}
    return Task([], {"outputs": {"artifacts": {"out": artifact}}})


@pytest.fixture(autouse=True)
def retried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(refusals.RETRIES, "2")


def attempt(folder: Path, error: Exception | None) -> tuple[bool, BaseException | None]:
    """Returns whether an attempt came to its work, and what it ended with."""
    worked = False
    try:
        with refusals.ends_once(task_in(folder)):
            worked = True
            if error is not None:
                raise error
    except Exception as ended:
        return worked, ended
    return worked, None


@pytest.mark.parametrize("kind", [ConfigError, DataRefusedError])
def test_further_attempts_end_with_the_first_ones_cause_and_do_no_work(
    kind: type[Exception], tmp_path: Path
) -> None:
    assert attempt(tmp_path, kind("No such bucket. Make one."))[0]
    for _ in range(2):
        worked, ended = attempt(tmp_path, None)
        assert not worked
        assert type(ended) is kind
        assert str(ended).startswith("No such bucket. Make one. An earlier attempt")
    # The cluster makes no more. Whoever starts the run again has mended it.
    assert attempt(tmp_path, None) == (True, None)
    assert not list(tmp_path.iterdir())


def test_a_cause_that_tfx_or_beam_has_wrapped_is_found(tmp_path: Path) -> None:
    wrapped = RuntimeError("a step failed")
    wrapped.__cause__ = ConfigError("No GPU.")
    attempt(tmp_path, wrapped)
    assert isinstance(attempt(tmp_path, None)[1], ConfigError)


def test_what_a_worker_of_an_engine_has_raised_is_found() -> None:
    text = (
        'Pipeline job-1 failed in state FAILED: File "sdk_worker.py", line 1\n'
        "schemas.errors.DataRefusedError: no rows [while running 'WriteShard']\n"
    )
    final = refusals.final_cause(RuntimeError(text))
    assert final is not None and final.exit == RunExit.DATA_REFUSED
    assert refusals.final_cause(RuntimeError("Pipeline j failed in state FAILED: lost")) is None


@pytest.mark.parametrize("error", [OSError("503"), RuntimeError("lost"), KeyError("x")])
def test_failures_of_machines_are_tried_again(error: Exception, tmp_path: Path) -> None:
    assert attempt(tmp_path, error) == (True, error)
    assert attempt(tmp_path, None) == (True, None)


def test_a_task_that_is_not_tried_again_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(refusals.RETRIES)
    attempt(tmp_path, ConfigError("No."))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_or_read_hides_no_cause(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    _, ended = attempt(tmp_path / "file", ConfigError("No."))
    assert str(ended) == "No."
    (tmp_path / refusals.FILE).write_text("{half")
    assert attempt(tmp_path, None) == (True, None)


@pytest.mark.parametrize(
    ("kind", "code"), [("ConfigError", RunExit.CONFIG), ("DataRefusedError", RunExit.DATA_REFUSED)]
)
def test_the_program_ends_with_one_message_and_its_code(kind: str, code: int) -> None:
    program = (
        "from pipeline.container.refusals import ended_by_cause\n"
        f"from schemas.errors import {kind} as Refused\n"
        "def work(): raise Refused('No rows. Give some.')\n"
        "ended_by_cause(work)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, "error: No rows. Give some.\n")
