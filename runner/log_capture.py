"""Sends all that libraries print to a log file, and hands out the real terminal.

TensorFlow writes to descriptor 2 from C++, Beam logs, others warn or print: only the
descriptors themselves catch all of it. What the user shall see is written to ``Terminal``.
"""

import contextlib
import ctypes
import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from absl import logging as absl_logging

from runner.progress_feed import report_in

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Terminal(NamedTuple):
    """The process' own standard output and standard error, as they were before."""

    out: TextIO
    err: TextIO


@contextlib.contextmanager
def captured(log: Path) -> Iterator[Terminal]:
    """Sends descriptors 1 and 2, ``logging`` and warnings to the end of ``log``.

    Child processes inherit this. All is put back at the end, whatever happens within.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _flush()
    real_out, real_err = os.dup(1), os.dup(2)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    try:
        with (
            open(real_out, "w", encoding=encoding, errors="replace", closefd=False) as out,
            open(real_err, "w", encoding=encoding, errors="replace", closefd=False) as err,
            log.open("a", encoding="utf-8", errors="backslashreplace", buffering=1) as text,
            # sys.stdout need not be descriptor 1: notebooks and test runners put others there.
            contextlib.redirect_stdout(text),
            contextlib.redirect_stderr(text),
            _logging_to(log),
        ):
            yield Terminal(out, err)
    finally:
        _flush()
        os.dup2(real_out, 1)
        os.dup2(real_err, 2)
        os.close(real_out)
        os.close(real_err)


@contextlib.contextmanager
def _logging_to(log: Path) -> Iterator[None]:
    handler = logging.FileHandler(log, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_is_no_report)
    root = logging.getLogger()
    level, verbosity = root.level, absl_logging.get_verbosity()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    absl_logging.set_verbosity(absl_logging.INFO)
    logging.captureWarnings(True)
    # A crash in C++ leaves no Python traceback otherwise.
    crash_report = not faulthandler.is_enabled()
    if crash_report:
        faulthandler.enable(2)
    try:
        yield
    finally:
        if crash_report:
            faulthandler.disable()
        logging.captureWarnings(False)
        absl_logging.set_verbosity(verbosity)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def _is_no_report(record: logging.LogRecord) -> bool:
    # Thousands a run; the steps' ends are logged with the same numbers.
    return report_in(record) is None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # C's own buffers would otherwise come out after the descriptors have changed.
    ctypes.CDLL(None).fflush(None)
