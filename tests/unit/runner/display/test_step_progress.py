"""Sums, times and texts of the running step."""

from runner.display.step_progress import StepProgress
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
    step = StepProgress("Ingest", Clock())
    step.add(rows(30))
    step.add(rows(20))
    assert [task.count_text() for task in step.visible_tasks()] == ["50/100 rows"]


def test_an_unknown_total_shows_what_is_done_only() -> None:
    step = StepProgress("Ingest", Clock())
    step.add(rows(1234, total=0))
    assert step.visible_tasks()[0].count_text() == "1,234 rows"


def test_the_last_note_stays_until_another_comes() -> None:
    step = StepProgress("Trainer", Clock())
    step.add(rows(1, note="epoch 1"))
    step.add(rows(1))
    assert step.visible_tasks()[0].note == "epoch 1"


def test_the_time_left_follows_from_the_mean_speed() -> None:
    clock = Clock()
    step = StepProgress("Ingest", clock)
    step.add(rows(0))
    clock.now += 10  # 25 rows in 10 s, so 75 rows need 30 s
    step.add(rows(25))
    assert step.time_left_text(step.visible_tasks()[0]) == "0:30 left"


def test_nothing_is_said_of_the_time_left_in_the_first_seconds() -> None:
    clock = Clock()
    step = StepProgress("Ingest", clock)
    step.add(rows(0))
    clock.now += 2.9
    step.add(rows(25))
    assert step.time_left_text(step.visible_tasks()[0]) == ""


def test_a_task_is_timed_from_its_own_beginning() -> None:
    clock = Clock()
    step = StepProgress("Ingest", clock)
    clock.now += 1000
    step.add(rows(0, task="read eval"))
    clock.now += 10
    step.add(rows(50, task="read eval"))
    assert step.time_left_text(step.visible_tasks()[0]) == "0:10 left"


def test_finished_tasks_give_way_to_newer_ones() -> None:
    step = StepProgress("Ingest", Clock())
    step.add(rows(100, task="read train"))
    step.add(rows(5, task="read eval"))
    assert [task.name for task in step.visible_tasks()] == ["read eval"]


def test_the_newest_task_stays_when_it_is_finished() -> None:
    step = StepProgress("Ingest", Clock())
    step.add(rows(100))
    assert [task.name for task in step.visible_tasks()] == ["read train"]


def test_of_many_unfinished_tasks_the_newest_are_visible() -> None:
    step = StepProgress("Ingest", Clock())
    for number in range(5):
        step.add(rows(1, task=f"task {number}"))
    assert [task.name for task in step.visible_tasks(limit=2)] == ["task 3", "task 4"]
