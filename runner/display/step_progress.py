"""Progress of the running step: sums of reports, times, and their texts.

Nothing is printed here; ``runner.display.console`` does that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from report.formatting import clock_text
from system.progress import Progress

_MIN_SECONDS_FOR_ESTIMATE = 3.0
"""The first reports are slow, while files and caches are still cold."""


@dataclass
class Task:
    """One task of a step: ``done`` of ``total`` units, 0 where the total is not known.

    ``started`` is the clock's time of its first report, in seconds.
    """

    name: str
    total: int
    unit: str
    started: float
    done: int = 0
    note: str = ""

    @property
    def finished(self) -> bool:
        """Whether a total is known and all of it is done."""
        return 0 < self.total <= self.done

    def count_text(self) -> str:
        """Returns ``"120/520 rows"``, or ``"120 rows"`` where the total is not known."""
        count = f"{self.done:,}/{self.total:,}" if self.total else f"{self.done:,}"
        return f"{count} {self.unit}"

    def seconds_left(self, now: float) -> float | None:
        """Returns the estimated time left at the mean speed so far; None while unknown."""
        elapsed = now - self.started
        if not 0 < self.done < self.total or elapsed < _MIN_SECONDS_FOR_ESTIMATE:
            return None
        return elapsed / self.done * (self.total - self.done)


class StepProgress:
    """The running step and its tasks."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self.started = clock()
        self._clock = clock
        self._tasks: dict[str, Task] = {}

    def add(self, report: Progress) -> None:
        """Adds a report to its task; a task's first report appends the task."""
        task = self._tasks.setdefault(
            report.task, Task(report.task, report.total, report.unit, started=self._clock())
        )
        task.done += report.advance
        task.total = report.total
        task.note = report.note or task.note

    @property
    def elapsed(self) -> float:
        """Seconds since the step started."""
        return self._clock() - self.started

    def visible_tasks(self, limit: int = 3) -> list[Task]:
        """Returns the tasks to display, oldest first: the unfinished ones and the newest."""
        tasks = list(self._tasks.values())
        return [task for task in tasks if not task.finished or task is tasks[-1]][-limit:]

    def time_left_text(self, task: Task) -> str:
        """Returns ``"0:40 left"``, or "" while the time left is unknown."""
        seconds = task.seconds_left(self._clock())
        return f"{clock_text(seconds)} left" if seconds is not None else ""
