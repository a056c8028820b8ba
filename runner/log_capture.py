"""Sends all that libraries print to a log file, and hands out the real terminal."""

import contextlib
import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from absl import logging as absl_logging

from runner.progress_feed import report_in
from system.streams import Streams, redirected

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def captured(log: Path) -> Iterator[Streams]:
    """Sends descriptors 1 and 2, ``logging`` and warnings to the end of ``log``.

    Child processes inherit this. All is put back at the end, whatever happens within.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        with (
            redirected(target, encoding=encoding, errors="replace") as terminal,
            log.open("a", encoding="utf-8", errors="backslashreplace", buffering=1) as text,
            # sys.stdout need not be descriptor 1: notebooks and test runners put others there.
            contextlib.redirect_stdout(text),
            contextlib.redirect_stderr(text),
            _logging_to(log),
        ):
            yield terminal
    finally:
        os.close(target)


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
