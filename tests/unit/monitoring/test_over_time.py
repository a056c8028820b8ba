"""Windows over time in memory that does not grow."""

from monitoring.comparisons import Comparison
from monitoring.over_time import MOST, OverTime


def added(windows: int, failed: int) -> OverTime:
    """Adds windows of ten requests each, of which one has failed."""
    over_time = OverTime()
    for number in range(windows):
        found = [Comparison("unsure", number / 1000, 0.0, 0.0, 0.0, 1.0)]
        names = ["unsure"] if number == failed else []
        over_time.add(10 * (number + 1), number, found, names)
    return over_time


def test_few_windows_are_told_one_by_one() -> None:
    records = added(MOST - 1, 3).records()
    assert [one["request"] for one in records] == [10 * n for n in range(1, MOST)]
    assert [one["failed"] for one in records[2:5]] == [[], ["unsure"], []]
    assert records[5]["values"] == {"unsure": 0.005}


def test_of_many_windows_neighbours_are_joined_and_no_failure_is_lost() -> None:
    windows = 100 * MOST + 7
    for failed in (0, 1, 777, windows - 1):
        records = added(windows, failed).records()
        assert len(records) <= MOST
        assert records[-1]["request"] == 10 * windows
        (one,) = (each for each in records if each["failed"])
        before = max((each["request"] for each in records if each["request"] < one["request"]),
                     default=0)  # fmt: skip
        assert before < 10 * (failed + 1) <= one["request"]
