"""Attempts at some files, of which others may run at once and others were killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from system.attempts import attempt
from testing.paths import ROOT

KILLED = """
import os, signal, sys
from system.attempts import attempt
with attempt(sys.argv[1]) as partial:
    open(partial + ".data", "w").write("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_an_attempt_has_renamed_stays_and_the_rest_goes(tmp_path: Path) -> None:
    with attempt(str(tmp_path / "block")) as partial:
        for ending in (".data", ".counts"):
            Path(partial + ending).write_text("x")
        Path(partial + ".data").rename(tmp_path / "block.data")
    assert names_in(tmp_path) == ["block.data"]


def test_an_attempt_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in the block"), attempt(str(tmp_path / "b")) as partial:
        Path(partial + ".data").write_text("half")
        raise ValueError("in the block")
    assert names_in(tmp_path) == []


def test_what_a_killed_attempt_has_left_goes_with_the_next_one(tmp_path: Path) -> None:
    stem = tmp_path / "block[1]"
    done = subprocess.run([sys.executable, "-c", KILLED, str(stem)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names_in(tmp_path)) == 2
    other = tmp_path / "block[10].0123.partial.data"  # Of another block.
    other.write_text("half")
    with attempt(str(stem)) as partial:
        assert names_in(tmp_path) == sorted([Path(partial + ".lock").name, other.name])


def test_a_living_attempt_at_the_same_files_is_left_alone(tmp_path: Path) -> None:
    with attempt(str(tmp_path / "block")) as first:
        Path(first + ".data").write_text("first")
        with attempt(str(tmp_path / "block")) as second:
            Path(second + ".data").write_text("second")
            assert Path(first + ".data").read_text() == "first"
        assert not Path(second + ".data").exists()
        assert Path(first + ".data").read_text() == "first"


def test_an_attempt_for_a_bucket_writes_on_this_machine_first() -> None:
    with attempt("gs://bucket/block") as partial:
        folder = Path(partial).parent
        assert Path(partial).name.startswith("block.") and partial.endswith(".partial")
        Path(partial + ".json").write_text("half")
    assert not folder.exists()
