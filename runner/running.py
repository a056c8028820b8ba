"""How far the running step has come: sums of reports, times, and their texts.

Pure state without a screen; ``runner.console`` shows it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from system.progress import Progress

_TRUST_ETA_AFTER = 3.0
"""Seconds; the first reports come while files and caches are still cold."""


@dataclass
class Task:
    """One task of a step: ``done`` of ``total`` units, ``began`` on the clock (seconds)."""

    name: str
    total: int
    unit: str
    began: float
    done: int = 0
    note: str = ""

    @property
    def finished(self) -> bool:
        """Whether the whole known amount is done."""
        return 0 < self.total <= self.done

    def counts(self) -> str:
        """Returns such as ``"120/520 rows"``, or ``"120 rows"`` of an unknown amount."""
        amount = f"{self.done:,}/{self.total:,}" if self.total else f"{self.done:,}"
        return f"{amount} {self.unit}"

    def left(self, now: float) -> float | None:
        """Returns the seconds that are left at the mean speed so far; None if unknown."""
        past = now - self.began
        if not 0 < self.done < self.total or past < _TRUST_ETA_AFTER:
            return None
        return past / self.done * (self.total - self.done)


class Running:
    """The step that runs now, and its tasks."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self.began = clock()
        self._clock = clock
        self._tasks: dict[str, Task] = {}

    def add(self, report: Progress) -> None:
        """Adds a report to its task; a task that comes anew comes last."""
        task = self._tasks.setdefault(
            report.task, Task(report.task, report.total, report.unit, began=self._clock())
        )
        task.done += report.advance
        task.total = report.total
        task.note = report.note or task.note

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return self._clock() - self.began

    def shown(self, most: int = 3) -> list[Task]:
        """Returns the tasks worth a line, oldest first: the unfinished and the newest."""
        tasks = list(self._tasks.values())
        return [task for task in tasks if not task.finished or task is tasks[-1]][-most:]

    def left(self, task: Task) -> str:
        """Returns such as ``"0:40 left"``, or "" while unknown."""
        seconds = task.left(self._clock())
        return f"{clock_text(seconds)} left" if seconds is not None else ""


def clock_text(seconds: float) -> str:
    """Returns ``"0:07"``, ``"12:07"`` or ``"3:12:07"``."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration_text(seconds: float) -> str:
    """Returns ``"7.1 s"`` below a minute, else such as ``"12:07"``."""
    return f"{seconds:.1f} s" if seconds < 59.95 else clock_text(seconds)
