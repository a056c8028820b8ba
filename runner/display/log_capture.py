"""Sends everything that libraries print to a log file, and keeps the terminal for the run."""

import contextlib
import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from absl import logging as absl_logging

from runner.display.progress_feed import progress_of
from system.streams import Streams, redirected

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def captured(log: Path) -> Iterator[Streams]:
    """Appends descriptors 1 and 2, ``logging`` and warnings to ``log``; yields the terminal.

    Child processes inherit the redirection. It is undone at the end of the block, also after an
    exception.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        with (
            redirected(descriptor, encoding=encoding, errors="backslashreplace") as terminal,
            log.open("a", encoding="utf-8", errors="backslashreplace", buffering=1) as text,
            # sys.stdout need not write to descriptor 1: notebooks and test runners replace it.
            contextlib.redirect_stdout(text),
            contextlib.redirect_stderr(text),
            _logging_to(log),
        ):
            yield terminal
    finally:
        os.close(descriptor)


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
    # Without it a crash in C++ leaves no Python traceback.
    enable_faulthandler = not faulthandler.is_enabled()
    if enable_faulthandler:
        faulthandler.enable(2)
    try:
        yield
    finally:
        if enable_faulthandler:
            faulthandler.disable()
        logging.captureWarnings(False)
        absl_logging.set_verbosity(verbosity)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def _is_no_report(record: logging.LogRecord) -> bool:
    # A run makes thousands of reports; the ends of the steps are logged with the same numbers.
    return progress_of(record) is None
