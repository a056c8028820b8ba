"""Display of a run while it goes on: one line for each finished step, and the running step.

On a terminal the running step has a spinner, and a progress bar for each of its tasks. In a pipe
or in CI there are plain lines, and few of them.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol, TextIO, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from report.formatting import clock_text, duration_text
from report.node_run import NodeState
from runner.display.step_progress import StepProgress, Task
from system.printable import printable
from system.progress import Progress
from system.terminal import console_on, shown, spinner_on

Clock = Callable[[], float]
T = TypeVar("T")

_NAME_WIDTH = 18
_TIME_WIDTH = 9
_BAR_MIN_TERMINAL_WIDTH = 60
"""A narrower terminal gets no progress bars."""
_NOTE_MIN_TERMINAL_WIDTH = 110
"""A narrower terminal gets a task's note on a line below its progress bar."""
_PLAIN_SECONDS = 10.0
_PLAIN_SECONDS_LATER = 60.0
"""Time between the plain progress lines of one step: in its first two minutes, and after."""
_STYLES = {
    NodeState.DONE: "green",
    NodeState.REUSED: "cyan",
    NodeState.SKIPPED: "dim",
    NodeState.FAILED: "red",
    NodeState.STOPPED: "yellow",
}


class Display(Protocol):
    """Shows the steps of a run. Its methods may be called from any thread."""

    console: Console

    def start(self, name: str) -> None:
        """Begins a step."""

    def progress(self, report: Progress) -> None:
        """Adds to the running step's progress."""

    def finish(self, state: NodeState, note: str = "") -> None:
        """Ends the running step; ``note`` is its result in a few words."""


def display_for(stream: TextIO) -> Display:
    """Returns the display that suits ``stream``."""
    # TERM=dumb (Emacs, some CI) is a terminal that cannot go back to a line's start.
    if stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        return LiveDisplay(console_on(stream))
    return PlainDisplay(console_on(stream, force_terminal=False))


def run_step(
    display: Display,
    name: str,
    work: Callable[[], T],
    note: Callable[[T], str] = lambda result: "",
) -> T:
    """Returns ``work()``, which is displayed as a step, with a note on its result."""
    display.start(name)
    state, text = NodeState.FAILED, ""
    try:
        result = work()
        state, text = NodeState.DONE, note(result)
        return result
    except KeyboardInterrupt:
        state = NodeState.STOPPED
        raise
    finally:
        display.finish(state, text)


class LiveDisplay:
    """Display for a terminal, which redraws the running step's lines."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._step: StepProgress | None = None
        self._spinner = spinner_on(console)
        self._live: Live | None = None
        self._lock = threading.Lock()

    def start(self, name: str) -> None:
        """See ``Display``."""
        self._step = StepProgress(name, self._clock)
        self._live = Live(
            console=self.console,
            get_renderable=self.render,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def progress(self, report: Progress) -> None:
        """See ``Display``."""
        with self._lock:
            if self._step is not None:
                self._step.add(report)

    def finish(self, state: NodeState, note: str = "") -> None:
        """See ``Display``."""
        if self._step is None or self._live is None:
            return
        self._live.stop()
        line = _finished_line(self._step, state, note)
        self.console.print(line, no_wrap=True, overflow="ellipsis")
        self._step = self._live = None

    def render(self) -> RenderableType:
        """Returns the running step's lines as of now."""
        with self._lock:
            step = self._step
            if step is None:
                return Text()
            header = Table.grid(padding=(0, 1))
            name = Text(step.name.ljust(_NAME_WIDTH))
            elapsed = Text(clock_text(step.elapsed).rjust(_TIME_WIDTH - 2))
            header.add_row(self._spinner, name, elapsed)
            return Group(header, *(self._render_task(task, step) for task in step.visible_tasks()))

    def _render_task(self, task: Task, step: StepProgress) -> RenderableType:
        cells: list[RenderableType] = [shown(f"    {task.name}")]
        if task.total and self.console.width >= _BAR_MIN_TERMINAL_WIDTH:
            bar_width = self.console.width // 5
            cells.append(ProgressBar(task.total, task.done, bar_width, complete_style="cyan"))
        cells += [task.count_text(), Text(step.time_left_text(task), style="dim")]

        note = Text(printable(task.note), no_wrap=True, overflow="ellipsis")
        note_in_row = self.console.width >= _NOTE_MIN_TERMINAL_WIDTH
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_row(*cells, note if note_in_row else "")
        if note_in_row or not task.note:
            return row
        return Group(row, Padding(note, (0, 0, 0, 4)))


class PlainDisplay:
    """Display for a pipe or a file, which prints the running step's progress now and then."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._step: StepProgress | None = None
        self._last_line = 0.0
        self._lock = threading.Lock()
        self._finished = threading.Event()

    def start(self, name: str) -> None:
        """See ``Display``."""
        self._step = StepProgress(name, self._clock)
        self._last_line = self._clock()
        self._finished = threading.Event()
        threading.Thread(target=self._tick_until, args=(self._finished,), daemon=True).start()

    def progress(self, report: Progress) -> None:
        """See ``Display``."""
        with self._lock:
            if self._step is not None:
                self._step.add(report)

    def finish(self, state: NodeState, note: str = "") -> None:
        """See ``Display``."""
        self._finished.set()
        with self._lock:
            if self._step is not None:
                self._print(_finished_line(self._step, state, note))
            self._step = None

    def tick(self) -> None:
        """Prints a progress line if the last one is old enough."""
        with self._lock:
            step, now = self._step, self._clock()
            if step is None:
                return
            is_new = step.elapsed <= 2 * _PLAIN_SECONDS_LATER
            if now - self._last_line < (_PLAIN_SECONDS if is_new else _PLAIN_SECONDS_LATER):
                return
            self._last_line = now
            parts = [f"{step.name} {clock_text(step.elapsed)}"]
            for task in step.visible_tasks(limit=1):
                parts += [
                    f"{task.name}: {task.count_text()}",
                    step.time_left_text(task),
                    task.note,
                ]
            self._print(shown("  ... " + "  ".join(part for part in parts if part)))

    def _print(self, line: Text) -> None:
        self.console.print(line, soft_wrap=True)
        self.console.file.flush()

    def _tick_until(self, finished: threading.Event) -> None:
        while not finished.wait(1.0):
            self.tick()


def _finished_line(step: StepProgress, state: NodeState, note: str) -> Text:
    duration = duration_text(step.elapsed)
    status = duration if state is NodeState.DONE else state.value
    if state in (NodeState.FAILED, NodeState.STOPPED):
        note = f"after {duration}" + (f"  {note}" if note else "")
    note = printable(note)
    line = Text.assemble(
        f"  {step.name.ljust(_NAME_WIDTH)} ",
        (status.rjust(_TIME_WIDTH), _STYLES[state]),
        (f"  {note}" if note else "", "dim"),
    )
    line.rstrip()
    return line
