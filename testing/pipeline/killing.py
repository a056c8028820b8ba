"""Runs in processes of their own, which the tests kill."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from testing.models import small_network
from testing.pipeline.runs import FAST
from testing.processes.forked import Forked

WAIT = 480.0
"""Seconds that a run may take to reach the moment at which it is killed."""
EVERY = 0.005
"""Seconds between two checks of whether it has."""


def start(output: Path, csvs: tuple[Path, Path], *overrides: str) -> Forked:
    """Starts the run of ``testing.pipeline.runs.run`` in another process, with a small network."""
    command = [
        *(small_network.__file__, "-m", "local_runner", "--preset", "quick"),
        *("--train-csv", str(csvs[0]), "--eval-csv", str(csvs[1]), "--output", str(output)),
    ]
    command += [part for text in (*FAST, *overrides) for part in ("--set", text)]
    return Forked(command)


def kill_when(process: Forked, condition: Callable[[], bool]) -> None:
    """Kills the process as soon as a condition holds, which must be before its end."""
    deadline = time.monotonic() + WAIT
    try:
        while not condition():
            assert process.poll() is None, process.output()
            assert time.monotonic() < deadline
            time.sleep(EVERY)
    finally:
        process.kill()
        process.wait()


def kill_while(process: Forked, condition: Callable[[], bool]) -> None:
    """Kills the process as ``kill_when`` does, but never after the condition has ceased to hold."""
    suspended = psutil.Process(process.pid)

    def holds_when_suspended() -> bool:
        if not condition():
            return False
        suspended.suspend()
        while suspended.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            time.sleep(0.0005)
        if condition():
            return True
        suspended.resume()
        return False

    kill_when(process, holds_when_suspended)
