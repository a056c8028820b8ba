"""Tables about the run itself."""

from typing import Any

from pipeline.config import Settings
from report.tables import run
from testing.report import documents


def test_changed_settings_are_marked_and_come_first() -> None:
    settings = Settings().as_dict()
    settings["train"]["epochs"] = 3
    settings["evaluate"]["gone"] = 1  # Of another version.
    assert run.changed_settings(settings) == {"train.epochs": 3, "evaluate.gone": 1}
    rows = run.settings(settings).rows
    assert [[cell.text[1] for cell in row] for row in rows[:2]] == [
        ["train.epochs", "3", "20"],
        ["evaluate.gone", "1", "–"],
    ]
    assert [row[0].note is not None for row in rows[:3]] == [True, True, False]


def test_a_list_of_a_document_equals_the_tuple_of_a_setting() -> None:
    settings: dict[str, Any] = Settings().as_dict()
    lists = {
        group: {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
        for group, values in settings.items()
    }
    assert run.changed_settings(lists) == {}


def test_rows_that_an_earlier_ingest_did_not_count_are_left_out() -> None:
    ingest = documents.ingest()
    for split in ingest["splits"].values():
        del split["reused"], split["read"], split["clipped"]  # type: ignore[misc]
    rows = [[cell.text[1] for cell in row] for row in run.rows(ingest).rows]
    assert rows == [
        ["fearful", "33", "10"],
        ["calm, at ease", "60", "30"],
        ["Used", "93", "40"],
        ["Clips", "9", "4"],
        ["Refused", "7", "0"],
    ]
