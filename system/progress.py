"""Progress of long steps, reported through ``logging``.

A long step calls ``report``. A handler of ``LOGGER`` shows the progress, for example on a
terminal; it reads ``record.progress``. Without a handler a call costs one log record, whose text
is readable.
"""

import logging
from typing import NamedTuple

LOGGER = logging.getLogger("pet_mood.progress")


class Progress(NamedTuple):
    """Progress of a task since its last report.

    Attributes:
      task: name of the task.
      advance: number of units done since the last report, so that several workers can report to
        one bar.
      total: number of all units; 0 if it is unknown.
      unit: name of the units, such as "rows".
      note: additional text.
    """

    task: str
    advance: int
    total: int
    unit: str
    note: str = ""


def report(task: str, advance: int, total: int, unit: str, note: str = "") -> None:
    """Reports that ``advance`` more of the task's ``total`` units are done; see ``Progress``."""
    progress = Progress(task, advance, total, unit, note)
    LOGGER.info(
        "%s: +%d of %d %s %s", task, advance, total, unit, note, extra={"progress": progress}
    )
