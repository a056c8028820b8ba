"""Passes the reports of ``system.progress`` on to a display.

A step in this process reports by log records that have a ``progress``. Beam's worker processes
send their log as text, which arrives in this process inside a printed ``LogEntry``.
"""

import contextlib
import logging
import re
from collections.abc import Callable, Iterator

from system import progress
from system.progress import Progress

# Beam 2.65: local_job_service.BeamFnLoggingServicer logs "Worker: " and the entry on one line.
_WORKER_LOGGER = "apache_beam.runners.portability.local_job_service"
_WORKER_SOURCE = "system/progress.py"
_WORKER_ENTRY = re.compile(
    r'message: "(?P<task>[^"]+): \+(?P<advance>\d+) of (?P<total>\d+) '
    r'(?P<unit>\S+) (?P<note>[^"]*)"'
)


@contextlib.contextmanager
def reports_to(callback: Callable[[Progress], None]) -> Iterator[None]:
    """Calls ``callback`` with each report, in the thread that the report comes from."""
    handler = _ProgressHandler(callback)
    root = logging.getLogger()
    level = progress.LOGGER.level
    root.addHandler(handler)
    progress.LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        progress.LOGGER.setLevel(level)
        root.removeHandler(handler)


def progress_of(record: logging.LogRecord) -> Progress | None:
    """Returns the report in a log record; None if there is none."""
    report: Progress | None = getattr(record, "progress", None)
    if report is None and record.name == _WORKER_LOGGER:
        return parse_worker_entry(record.getMessage())
    return report


def parse_worker_entry(text: str) -> Progress | None:
    """Returns the report in a worker's printed log entry; None if there is none."""
    if _WORKER_SOURCE not in text or (match := _WORKER_ENTRY.search(text)) is None:
        return None
    return Progress(
        task=match["task"],
        advance=int(match["advance"]),
        total=int(match["total"]),
        unit=match["unit"],
        note=match["note"],
    )


class _ProgressHandler(logging.Handler):
    def __init__(self, callback: Callable[[Progress], None]) -> None:
        super().__init__()
        self._callback = callback

    def emit(self, record: logging.LogRecord) -> None:
        report = progress_of(record)
        if report is not None:
            self._callback(report)
