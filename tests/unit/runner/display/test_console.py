"""The live lines of a terminal and the plain lines of a pipe."""

import io
import threading

import pytest
from rich.console import Console

from report.node_run import NodeState
from runner.display.console import LiveDisplay, PlainDisplay, display_for
from system.progress import Progress


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen(io.StringIO):
    """Text that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def live(width: int = 80) -> tuple[LiveDisplay, Clock]:
    clock = Clock()
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    return LiveDisplay(console, clock), clock


def plain() -> tuple[PlainDisplay, Clock, io.StringIO]:
    clock, text = Clock(), io.StringIO()
    return PlainDisplay(Console(file=text, width=80), clock), clock, text


def rendered(display: LiveDisplay) -> list[str]:
    """Returns the live lines as of now, without blanks at their ends."""
    console = Console(file=io.StringIO(), width=display.console.width)
    with console.capture() as capture:
        console.print(display.render())
    return [line.rstrip() for line in capture.get().splitlines()]


def rows(advance: int, note: str = "") -> Progress:
    return Progress("read train", advance, 100, "rows", note)


def test_the_running_step_shows_its_time_its_rows_and_what_is_left() -> None:
    display, clock = live(width=120)
    display.start("PetExampleGen")
    display.progress(rows(0))
    clock.now += 10
    display.progress(rows(25, note="half of it"))
    head, task = rendered(display)
    display.finish(NodeState.DONE)
    assert "PetExampleGen" in head
    assert head.endswith("0:10")
    assert task.startswith("    read train")
    assert task.endswith("25/100 rows  0:30 left  half of it")


def test_a_narrow_terminal_has_the_note_below_the_bar() -> None:
    display, _ = live(width=80)
    display.start("Trainer")
    display.progress(rows(25, note="epoch 2/12 loss 2.676 val macro-F1 0.097"))
    _, task, note = rendered(display)
    display.finish(NodeState.DONE)
    assert task.endswith("25/100 rows")
    assert note == "    epoch 2/12 loss 2.676 val macro-F1 0.097"


@pytest.mark.parametrize(("width", "count"), [(40, 3), (80, 3), (120, 2)])
def test_the_live_lines_keep_within_the_terminal(width: int, count: int) -> None:
    display, _ = live(width)
    display.start("PetExampleGen")
    display.progress(rows(25, note="행복/즐거움 " * 20))
    lines = rendered(display)
    display.finish(NodeState.DONE)
    assert len(lines) == count
    # Each of these Hangul takes two cells.
    assert all(Console().measure(line).maximum <= width for line in lines)


def test_a_finished_step_leaves_one_line_with_its_seconds() -> None:
    display, clock = live()
    display.start("Trainer")
    clock.now += 12.34
    display.finish(NodeState.DONE, "macro-F1 0.5")
    assert isinstance(display.console.file, io.StringIO)
    text = display.console.file.getvalue()
    assert "  Trainer               12.3 s  macro-F1 0.5\n" in text


def test_without_a_running_step_the_live_lines_are_empty() -> None:
    display, _ = live()
    assert rendered(display) == [""]
    display.progress(rows(1))
    display.finish(NodeState.DONE)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (NodeState.DONE, "  Trainer                3.0 s  a note"),
        (NodeState.REUSED, "  Trainer               reused  a note"),
        (NodeState.SKIPPED, "  Trainer              skipped  a note"),
        (NodeState.FAILED, "  Trainer               failed  after 3.0 s  a note"),
        (NodeState.STOPPED, "  Trainer              stopped  after 3.0 s  a note"),
    ],
)
def test_a_plain_line_says_how_a_step_ended(state: NodeState, line: str) -> None:
    display, clock, text = plain()
    display.start("Trainer")
    clock.now += 3
    display.finish(state, "a note")
    assert text.getvalue() == line + "\n"


def test_a_pipe_gets_a_progress_line_every_ten_seconds() -> None:
    display, clock, text = plain()
    display.start("Ingest")
    for _ in range(100):
        display.progress(rows(1))
        clock.now += 0.25
        display.tick()
    display.finish(NodeState.DONE)
    # 25 s: a line at 10 s and one at 20 s, when 40 and 80 rows were done.
    assert text.getvalue().splitlines()[:-1] == [
        "  ... Ingest 0:10  read train: 40/100 rows  0:15 left",
        "  ... Ingest 0:20  read train: 80/100 rows  0:05 left",
    ]


def test_a_pipe_gets_a_line_of_a_long_step_every_minute() -> None:
    display, clock, text = plain()
    display.start("Trainer")
    for _ in range(420):
        clock.now += 1
        display.tick()
    display.finish(NodeState.DONE)
    times = [line.split()[2] for line in text.getvalue().splitlines()[:-1]]
    early = [
        "0:10",
        "0:20",
        "0:30",
        "0:40",
        "0:50",
        "1:00",
        "1:10",
        "1:20",
        "1:30",
        "1:40",
        "1:50",
        "2:00",
    ]
    assert times == [*early, "3:00", "4:00", "5:00", "6:00", "7:00"]


def test_long_lines_of_a_pipe_are_not_broken() -> None:
    display, _, text = plain()
    display.start("Ingest")
    display.finish(NodeState.DONE, "word " * 60)
    assert len(text.getvalue().splitlines()) == 1


def test_reports_of_many_threads_add_up() -> None:
    display, _ = live()
    display.start("Ingest")

    def work() -> None:
        for _ in range(200):
            display.progress(Progress("read", 1, 2000, "rows"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = rendered(display)
    display.finish(NodeState.DONE)
    assert "1,600/2,000 rows" in lines[1]


def test_a_pipe_gets_the_plain_display() -> None:
    assert isinstance(display_for(io.StringIO()), PlainDisplay)


@pytest.mark.parametrize(
    ("term", "kind"), [("xterm-256color", LiveDisplay), ("dumb", PlainDisplay)]
)
def test_a_terminal_gets_the_live_display_unless_it_is_dumb(
    term: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    assert isinstance(display_for(Screen()), kind)
