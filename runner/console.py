"""What a person sees while a run goes: a line a finished step, a live line for the running one.

On a terminal the running step has a spinner and a bar a task. Elsewhere (a pipe, CI) there
are plain lines, and few of them.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from runner.node_run import NodeState
from runner.running import Running, Task, clock_text, duration_text
from system.progress import Progress

Clock = Callable[[], float]

_NAME_CELLS = 18
_TIME_CELLS = 9
_BAR_FROM_CELLS = 60
_NOTE_BESIDE_FROM_CELLS = 110
_PLAIN_EVERY = 10.0
_PLAIN_LATER_EVERY = 60.0
"""Seconds between progress lines of one step without a terminal: within its first two
minutes, and after."""
_STYLES = {
    NodeState.DONE: "green",
    NodeState.REUSED: "cyan",
    NodeState.SKIPPED: "dim",
    NodeState.FAILED: "red",
    NodeState.STOPPED: "yellow",
}


class Display(Protocol):
    """Where the steps of a run are shown. May be called from any thread."""

    console: Console

    def start(self, name: str) -> None:
        """A step begins."""

    def progress(self, report: Progress) -> None:
        """The running step has come further."""

    def finish(self, state: NodeState, note: str = "") -> None:
        """The running step has ended; ``note`` is what it came to, in a few words."""


def display_for(stream: TextIO) -> Display:
    """Returns the display that suits ``stream``."""
    # TERM=dumb (Emacs, some CI) is a terminal that cannot go back to a line's start.
    if stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        return LiveDisplay(Console(file=stream, highlight=False))
    return PlainDisplay(Console(file=stream, highlight=False, force_terminal=False))


class LiveDisplay:
    """For a terminal."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._running: Running | None = None
        self._spinner = Spinner("dots", style="cyan")
        self._live: Live | None = None
        self._lock = threading.Lock()

    def start(self, name: str) -> None:
        """See ``Display``."""
        self._running = Running(name, self._clock)
        self._live = Live(
            console=self.console,
            get_renderable=self.rendered,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def progress(self, report: Progress) -> None:
        """See ``Display``."""
        with self._lock:
            if self._running is not None:
                self._running.add(report)

    def finish(self, state: NodeState, note: str = "") -> None:
        """See ``Display``."""
        if self._running is None or self._live is None:
            return
        self._live.stop()
        line = _finished(self._running, state, note)
        self.console.print(line, no_wrap=True, overflow="ellipsis")
        self._running = self._live = None

    def rendered(self) -> RenderableType:
        """Returns the running step as it looks now."""
        with self._lock:
            running = self._running
            if running is None:
                return Text()
            head = Table.grid(padding=(0, 1))
            name = Text(running.name.ljust(_NAME_CELLS))
            elapsed = Text(clock_text(running.seconds).rjust(_TIME_CELLS - 2))
            head.add_row(self._spinner, name, elapsed)
            return Group(head, *(self._task(task, running) for task in running.shown()))

    def _task(self, task: Task, running: Running) -> RenderableType:
        cells: list[RenderableType] = [f"    {task.name}"]
        if task.total and self.console.width >= _BAR_FROM_CELLS:
            cells.append(self._bar(task))
        cells += [task.counts(), Text(running.left(task), style="dim")]
        note = Text(task.note, no_wrap=True, overflow="ellipsis")
        beside = self.console.width >= _NOTE_BESIDE_FROM_CELLS
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_row(*cells, note if beside else "")
        if beside or not task.note:
            return row
        return Group(row, Padding(note, (0, 0, 0, 4)))

    def _bar(self, task: Task) -> ProgressBar:
        width = self.console.width // 5
        return ProgressBar(task.total, task.done, width, complete_style="cyan")


class PlainDisplay:
    """For a pipe or a file: a line a finished step, and now and then how far it has come."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._running: Running | None = None
        self._last = 0.0
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self, name: str) -> None:
        """See ``Display``."""
        self._running = Running(name, self._clock)
        self._last = self._clock()
        self._ended = threading.Event()
        threading.Thread(target=self._keep_ticking, args=(self._ended,), daemon=True).start()

    def progress(self, report: Progress) -> None:
        """See ``Display``."""
        with self._lock:
            if self._running is not None:
                self._running.add(report)

    def finish(self, state: NodeState, note: str = "") -> None:
        """See ``Display``."""
        self._ended.set()
        with self._lock:
            if self._running is not None:
                self._print(_finished(self._running, state, note))
            self._running = None

    def tick(self) -> None:
        """Prints a line if the last one is old enough."""
        with self._lock:
            running, now = self._running, self._clock()
            if running is None:
                return
            young = running.seconds <= 2 * _PLAIN_LATER_EVERY
            if now - self._last < (_PLAIN_EVERY if young else _PLAIN_LATER_EVERY):
                return
            self._last = now
            parts = [f"{running.name} {clock_text(running.seconds)}"]
            for task in running.shown(most=1):
                parts += [f"{task.name}: {task.counts()}", running.left(task), task.note]
            self._print(Text("  ... " + "  ".join(part for part in parts if part)))

    def _print(self, line: Text) -> None:
        self.console.print(line, soft_wrap=True)
        self.console.file.flush()

    def _keep_ticking(self, ended: threading.Event) -> None:
        while not ended.wait(1.0):
            self.tick()


def _finished(running: Running, state: NodeState, note: str) -> Text:
    took = duration_text(running.seconds)
    word = took if state is NodeState.DONE else state.value
    if state in (NodeState.FAILED, NodeState.STOPPED):
        note = f"after {took}" + (f"  {note}" if note else "")
    line = Text.assemble(
        f"  {running.name.ljust(_NAME_CELLS)} ",
        (word.rjust(_TIME_CELLS), _STYLES[state]),
        (f"  {note}" if note else "", "dim"),
    )
    line.rstrip()
    return line
