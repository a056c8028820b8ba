"""Descriptors 1 and 2 go to the log while a run lasts, and come back."""

import os
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT

NOISE = """
import ctypes, logging, os, subprocess, sys, warnings
from pathlib import Path
from system.progress import report
from runner.display.log_capture import captured

print("before", flush=True)
with captured(Path(sys.argv[1])) as terminal:
    print("print 나쁨")
    print("stderr", file=sys.stderr)
    os.write(2, b"descriptor\\n")
    ctypes.CDLL(None).puts(b"C library")
    subprocess.run(["echo", "child"], check=True)
    logging.getLogger("some.library").info("info record")
    report("read", 1, 2, "rows", "progress record")
    warnings.warn("a warning")
    print("shown", file=terminal.out)
    print("complaint", file=terminal.err)
    if sys.argv[2] == "raise":
        raise KeyboardInterrupt
print("after")
print("after", file=sys.stderr)
"""


def run_noise(log: Path, how: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", NOISE, str(log), how],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_noise_goes_to_the_log_and_the_rest_to_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "run.log"
    done = run_noise(log, "end")
    assert done.returncode == 0
    assert done.stdout == "before\nshown\nafter\n"
    assert done.stderr == "complaint\nafter\n"
    text = log.read_text(encoding="utf-8")
    for noise in (
        "print 나쁨",
        "stderr",
        "descriptor",
        "C library",
        "child",
        "a warning",
        "INFO some.library: info record",
    ):
        assert text.count(noise) == 1, noise
    assert "progress record" not in text


def test_the_terminal_is_given_back_after_an_exception(tmp_path: Path) -> None:
    done = run_noise(tmp_path / "run.log", "raise")
    assert done.stdout == "before\nshown\n"
    assert done.stderr.startswith("complaint\nTraceback")
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_a_second_run_adds_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("from before\n")
    run_noise(log, "end")
    assert log.read_text(encoding="utf-8").startswith("from before\n")
