"""Brings the reports of ``system.progress`` to whoever shows them.

Steps in this process send records with a ``progress``. Beam's worker processes send their log
as text, which arrives here inside a printed ``LogEntry``.
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


def report_in(record: logging.LogRecord) -> Progress | None:
    """Returns the report that a log record brings; None for all other records."""
    report: Progress | None = getattr(record, "progress", None)
    if report is None and record.name == _WORKER_LOGGER:
        return from_worker_entry(record.getMessage())
    return report


@contextlib.contextmanager
def reports_to(show: Callable[[Progress], None]) -> Iterator[None]:
    """Calls ``show`` for each report, from whichever thread it comes."""
    handler = _Feed(show)
    root = logging.getLogger()
    level = progress.LOGGER.level
    root.addHandler(handler)
    progress.LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        progress.LOGGER.setLevel(level)
        root.removeHandler(handler)


def from_worker_entry(text: str) -> Progress | None:
    """Returns the report in a worker's printed log entry; None if there is none."""
    if _WORKER_SOURCE not in text or (found := _WORKER_ENTRY.search(text)) is None:
        return None
    return Progress(
        task=found["task"],
        advance=int(found["advance"]),
        total=int(found["total"]),
        unit=found["unit"],
        note=found["note"],
    )


class _Feed(logging.Handler):
    def __init__(self, show: Callable[[Progress], None]) -> None:
        super().__init__()
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        report = report_in(record)
        if report is not None:
            self._show(report)
