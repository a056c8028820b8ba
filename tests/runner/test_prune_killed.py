"""A kill of a prune does no harm."""

import shutil
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT
from testing.pipeline.served_runs import Served

KILLED = """
import os, signal, sys
from pathlib import Path
from runner.prune import lineage, removal
from system import files

number = int(sys.argv.pop(1))
real_remove, real_mark = files.remove, lineage.mark_removed

def tick():
    global number
    number -= 1
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def remove(path):
    tick()
    for one in sorted(Path(path).rglob("*")):
        if one.is_file():
            one.unlink()
            break
    tick()
    real_remove(path)

def mark_removed(store, artifacts):
    tick()
    real_mark(store, artifacts)

removal.files.remove, removal.lineage.mark_removed = remove, mark_removed
import local_runner
sys.exit(local_runner.main(sys.argv[1:]))
"""


def test_a_killed_prune_is_finished_by_the_next(prunable: Served, tmp_path: Path) -> None:
    for data in ("1", "2", "3"):
        assert prunable.run(data=data) == 0
    backup = tmp_path / "backup"
    shutil.copytree(prunable.output, backup)

    def restored() -> None:
        shutil.rmtree(prunable.output)
        shutil.copytree(backup, prunable.output)

    assert prunable.prune(1) == 0
    pruned, states = prunable.files(), prunable.states()
    command = ["--output", str(prunable.output), "--prune", "--set", "retain.results=1"]
    # In the middle of the versions, of the results, and before the end is recorded.
    for number in (1, 4, 6, 21):
        restored()
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(number), *command],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == -9, done.stderr
        if number == 6:  # What is half removed is used by nobody.
            assert prunable.run(data="3") == 0
            assert prunable.ran() == set()
            assert prunable.run(data="1", blessed=0) == 4
            assert "Data" in prunable.ran()
            continue
        assert prunable.prune(1) == 0
        assert prunable.files().keys() == pruned.keys()
        assert prunable.states() == states
