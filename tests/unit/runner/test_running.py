"""Sums, times and texts of the running step."""

import pytest

from runner.running import Running, clock_text, duration_text
from system.progress import Progress


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rows(advance: int, note: str = "", task: str = "read train", total: int = 100) -> Progress:
    return Progress(task, advance, total, "rows", note)


def test_reports_of_one_task_add_up() -> None:
    running = Running("Ingest", Clock())
    running.add(rows(30))
    running.add(rows(20))
    assert [task.counts() for task in running.shown()] == ["50/100 rows"]


def test_an_unknown_total_shows_what_is_done_only() -> None:
    running = Running("Ingest", Clock())
    running.add(rows(1234, total=0))
    assert running.shown()[0].counts() == "1,234 rows"


def test_the_last_note_stays_until_another_comes() -> None:
    running = Running("Trainer", Clock())
    running.add(rows(1, note="epoch 1"))
    running.add(rows(1))
    assert running.shown()[0].note == "epoch 1"


def test_what_is_left_follows_from_the_mean_speed() -> None:
    clock = Clock()
    running = Running("Ingest", clock)
    running.add(rows(0))
    clock.now += 10  # 25 rows in 10 s, so 75 rows need 30 s
    running.add(rows(25))
    assert running.left(running.shown()[0]) == "0:30 left"


def test_nothing_is_said_of_the_time_left_in_the_first_seconds() -> None:
    clock = Clock()
    running = Running("Ingest", clock)
    running.add(rows(0))
    clock.now += 2.9
    running.add(rows(25))
    assert running.left(running.shown()[0]) == ""


def test_a_task_clocks_from_its_own_beginning() -> None:
    clock = Clock()
    running = Running("Ingest", clock)
    clock.now += 1000
    running.add(rows(0, task="read eval"))
    clock.now += 10
    running.add(rows(50, task="read eval"))
    assert running.left(running.shown()[0]) == "0:10 left"


def test_finished_tasks_give_way_to_newer_ones() -> None:
    running = Running("Ingest", Clock())
    running.add(rows(100, task="read train"))
    running.add(rows(5, task="read eval"))
    assert [task.name for task in running.shown()] == ["read eval"]


def test_the_newest_task_stays_when_it_is_finished() -> None:
    running = Running("Ingest", Clock())
    running.add(rows(100))
    assert [task.name for task in running.shown()] == ["read train"]


def test_of_many_unfinished_tasks_the_newest_are_shown() -> None:
    running = Running("Ingest", Clock())
    for number in range(5):
        running.add(rows(1, task=f"task {number}"))
    assert [task.name for task in running.shown(most=2)] == ["task 3", "task 4"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (6.6, "0:07"),
        (59.6, "1:00"),
        (727, "12:07"),
        (3599.6, "1:00:00"),
        (11527, "3:12:07"),
    ],
)
def test_clock_texts(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (7.06, "7.1 s"), (59.94, "59.9 s"), (59.96, "1:00")]
)
def test_durations_have_tenths_below_a_minute(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
