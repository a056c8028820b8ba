"""Redirection of descriptors 1 and 2, and output of libraries that is held back.

Each test runs in a process of its own, because pytest redirects the descriptors, too.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from system.streams import LOG_LEVEL
from testing.paths import ROOT

NOISE = """
import ctypes, os, subprocess, sys, warnings
from pathlib import Path
from system import streams

def make_noise():
    print("print 나쁨")
    print("stderr", file=sys.stderr)
    os.write(2, b"descriptor\\n")
    ctypes.CDLL(None).puts(b"C library")
    subprocess.run(["echo", "child"], check=True)
"""
NOISY_LINES = ["print 나쁨", "stderr", "descriptor", "C library", "child"]


def run_script(script: str, *arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Runs ``NOISE`` and the script; returns the exit code, standard output and error."""
    inherited = {key: value for key, value in os.environ.items() if key != LOG_LEVEL}
    done = subprocess.run(
        [sys.executable, "-c", NOISE + script, *arguments],
        cwd=ROOT,
        env={**inherited, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


REDIRECTED = """
print("before")
with open(sys.argv[1], "wb") as file:
    try:
        with streams.redirected(file.fileno()) as real:
            make_noise()
            print("to the real output", file=real.out)
            print("to the real error", file=real.err)
            if sys.argv[2] == "error":
                raise ValueError
    except ValueError:
        pass
print("after")
print("after", file=sys.stderr)
"""


@pytest.mark.parametrize("end", ["return", "error"])
def test_all_output_goes_to_the_target_until_the_end_of_the_block(tmp_path: Path, end: str) -> None:
    code, out, err = run_script(REDIRECTED, tmp_path / "target", end)
    assert (code, out, err) == (
        0,
        "before\nto the real output\nafter\n",
        "to the real error\nafter\n",
    )
    lines = (tmp_path / "target").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(NOISY_LINES)


def test_without_a_target_all_output_goes_to_the_real_standard_error() -> None:
    script = (
        "with streams.redirected(None) as real:\n"
        "    make_noise()\n"
        "    print('shown', file=real.out)\n"
    )
    code, out, err = run_script(script)
    assert (code, out) == (0, "shown\n")
    assert sorted(err.splitlines()) == sorted(NOISY_LINES)


def test_the_real_streams_have_the_given_encoding_and_treatment_of_errors() -> None:
    script = (
        "with streams.redirected(None) as real:\n    print(ascii(os.fsdecode(b'\\xff')))\n"
        "    print(os.fsdecode(b'\\xff'), file=real.out)\n"
        "with streams.redirected(None, encoding='ascii', errors='replace') as real:\n"
        "    print('나쁨', file=real.out)\n"
    )
    assert run_script(script) == (0, "\\udcff\n??\n", "'\\udcff'\n")


def test_a_redirection_leaves_no_descriptor_open() -> None:
    script = (
        "count = lambda: len(os.listdir('/proc/self/fd'))\n"
        "before = count()\n"
        "for _ in range(3):\n    with streams.redirected(None):\n        pass\n"
        "print(count() - before)\n"
    )
    assert run_script(script) == (0, "0\n", "")


QUIET = """
with streams.quiet(KeyError) as real:
    make_noise()
    print("shown", file=real.out)
    if sys.argv[1:]:
        raise {name: getattr(__builtins__, name) for name in sys.argv[1:]}[sys.argv[1]]("raised")
print("after")
"""


def test_output_of_libraries_is_held_back() -> None:
    assert run_script(QUIET) == (0, "shown\nafter\n", "")


def test_output_of_libraries_is_shown_after_an_unexpected_error() -> None:
    code, out, err = run_script(QUIET, "ValueError")
    assert (code, out) == (1, "shown\n")
    noise, traceback, rest = err.partition("Traceback")
    assert sorted(noise.splitlines()) == sorted(NOISY_LINES)
    assert traceback
    assert rest.endswith("ValueError: raised\n")


@pytest.mark.parametrize("error", ["KeyError", "BrokenPipeError", "KeyboardInterrupt"])
def test_output_of_libraries_is_not_shown_after_an_expected_error(error: str) -> None:
    _, out, err = run_script(QUIET, error)
    assert out == "shown\n"
    assert err.startswith("Traceback")
    assert error in err
    assert not any(line in err.splitlines() for line in NOISY_LINES)


def test_output_of_libraries_goes_to_the_error_if_the_user_has_set_the_log_level() -> None:
    code, out, err = run_script(QUIET, **{LOG_LEVEL: "0"})
    assert (code, out) == (0, "shown\nafter\n")
    assert sorted(err.splitlines()) == sorted(NOISY_LINES)


def test_tensorflow_is_told_to_be_quiet_unless_the_user_has_set_the_log_level() -> None:
    script = (
        "with streams.quiet() as real:\n    print(os.environ[streams.LOG_LEVEL], file=real.out)\n"
    )
    assert run_script(script)[1] == "3\n"
    assert run_script(script, **{LOG_LEVEL: "0"})[1] == "0\n"


def test_user_warnings_are_ignored_in_the_block_only() -> None:
    script = (
        "warnings.simplefilter('error')\n"
        "with streams.quiet():\n    warnings.warn('in the block')\n"
        "try:\n    warnings.warn('after it')\nexcept UserWarning as warning:\n    print(warning)\n"
    )
    assert run_script(script) == (0, "after it\n", "")
