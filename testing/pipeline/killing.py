"""Runs in processes of their own, which the tests kill."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from testing.paths import ROOT
from testing.pipeline.runs import FAST

WAIT = 480.0
"""Seconds that a run may take to reach the moment at which it is killed."""


def start(output: Path, csvs: tuple[Path, Path], *overrides: str) -> subprocess.Popen[bytes]:
    """Starts the run of ``testing.pipeline.runs.run`` in another process."""
    command = [
        *(sys.executable, str(ROOT / "local_runner.py"), "--preset", "quick"),
        *("--train-csv", str(csvs[0]), "--eval-csv", str(csvs[1]), "--output", str(output)),
    ]
    command += [part for text in (*FAST, *overrides) for part in ("--set", text)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kill_when(
    process: subprocess.Popen[bytes], condition: Callable[[], bool], every: float = 0.0005
) -> None:
    """Kills the process as soon as a condition holds, which must be before its end.

    The condition is checked every ``every`` seconds.
    """
    deadline = time.monotonic() + WAIT
    try:
        while not condition():
            assert process.poll() is None, process.stdout and process.stdout.read().decode()
            assert time.monotonic() < deadline
            time.sleep(every)
    finally:
        process.kill()
        process.wait()
