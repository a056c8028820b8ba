"""Runs in a process of their own, and their sudden end."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from testing.paths import ROOT
from testing.pipeline.runs import FAST

WAIT = 480.0


def start(output: Path, csvs: tuple[Path, Path], *overrides: str) -> subprocess.Popen[bytes]:
    """Begins what ``chain.run`` would do."""
    command = [
        *(sys.executable, str(ROOT / "local_runner.py"), "--preset", "quick"),
        *("--train-csv", str(csvs[0]), "--eval-csv", str(csvs[1]), "--output", str(output)),
    ]
    command += [part for text in (*FAST, *overrides) for part in ("--set", text)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kill_when(
    process: subprocess.Popen[bytes], reached: Callable[[], bool], every: float = 0.0005
) -> None:
    """Kills the process at the moment something is reached, which must come before its end.

    It is looked for once in ``every`` seconds.
    """
    deadline = time.monotonic() + WAIT
    try:
        while not reached():
            assert process.poll() is None, process.stdout and process.stdout.read().decode()
            assert time.monotonic() < deadline
            time.sleep(every)
    finally:
        process.kill()
        process.wait()
