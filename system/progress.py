"""How far a long step has come, told through ``logging``.

A step that wants to be followed calls ``report``; whoever shows progress (a terminal,
a file) installs a handler and reads ``record.progress``. Without one the call costs a
log record and the line stays readable.
"""

import logging
from typing import NamedTuple

LOGGER = logging.getLogger("pet_mood.progress")


class Progress(NamedTuple):
    """One step forward.

    ``advance`` is how much was done since the last report, so that several workers can
    report to one bar; ``total`` is the whole amount, 0 where unknown.
    """

    task: str
    advance: int
    total: int
    unit: str
    note: str = ""


def report(task: str, advance: int, total: int, unit: str, note: str = "") -> None:
    """Reports that ``advance`` more of ``total`` units of ``task`` are done."""
    progress = Progress(task, advance, total, unit, note)
    LOGGER.info(
        "%s: +%d of %d %s %s", task, advance, total, unit, note, extra={"progress": progress}
    )
