"""The table of the exports, with and without a locator."""

from typing import Any

from report.tables import exports
from report.tables.table import Cell

ONNX: dict[str, Any] = {
    **{"format": "onnx", "kept": True, "macro_f1": 0.5, "same_mood": 1.0, "reason": "equal"},
    **{"max_difference": 0.00001, "bytes": 17_000_000, "milliseconds": 8.25},
}
KEPT: dict[str, Any] = {"kept": True, "reason": "equal", "same_finds": 1.0, "milliseconds": 1.5}
LEFT_OUT: dict[str, Any] = {**KEPT, "kept": False, "reason": "98.0% of 50", "same_finds": 0.98}


def rows(*formats: dict[str, Any]) -> list[list[Cell]]:
    table = exports.table({"exports": {"version": "17", "exports": [*formats]}})
    assert table is not None
    assert {len(table.columns)} == {len(row) for row in table.rows}
    return [list(row) for row in table.rows]


def texts(row: list[Cell]) -> list[str]:
    return [cell.text[1] for cell in row]


def test_exports_are_shown_where_there_are_some() -> None:
    assert exports.table({"exports": None}) is None
    two = {"format": "litert", "kept": False, "reason": "no operator"}
    first, second = rows(ONNX, two)
    assert texts(first) == ["onnx", "Kept", "0.500", "100.0%", "1e-05", "17.0 MB", "8.2", "–"]
    assert texts(second) == [
        *("litert", "Discarded", "–", "–", "–", "–", "–", "It could not be converted or run")
    ]
    assert second[-1].original == "no operator"


def test_a_refused_format_says_which_rule_it_broke() -> None:
    refused = {**ONNX, "kept": False}
    assert texts(rows(refused)[0])[-1] == "Its probabilities are not the servable's"
    (few_bits,) = rows({**refused, "format": "onnx_int8"})
    assert texts(few_bits)[-1] == "Its moods or its macro-F1 are too far from the servable's"
    assert few_bits[-1].original == "equal"


def test_the_locator_has_a_verdict_of_its_own() -> None:
    kept, out, odd, refused = rows(
        {**ONNX, "locator": KEPT},
        {**ONNX, "locator": LEFT_OUT},
        {**ONNX, "locator": {"kept": False, "reason": "no operator", "same_finds": None}},
        {**ONNX, "kept": False, "locator": None},
    )
    assert [texts(row)[2] for row in (kept, out, odd, refused)] == [
        *("Kept", "Left out", "Left out", "–")
    ]
    assert [row[2].note and row[2].note[1] for row in (kept, out, odd)] == [
        *("same finds 100.0%", "same finds 98.0%", None)
    ]
    # Two looks of 1.5 ms.
    assert kept[-2].note == ("찾기 +3.0", "finding +3.0")
    assert out[-2].note is None
    assert texts(out)[-1] == "Its locator finds animals elsewhere than the servable"
    assert out[-1].original == "98.0% of 50"
    assert texts(odd)[-1] == "Its locator could not be converted or run"


def test_what_a_missing_locator_means_is_said_where_one_is_missing() -> None:
    def note(*formats: dict[str, Any]) -> object:
        return exports.note({"exports": {"exports": [*formats]}})

    assert note(ONNX, {**ONNX, "locator": KEPT}) is None
    assert exports.note({}) is None
    assert note({**ONNX, "locator": LEFT_OUT}) == exports.WITHOUT_LOCATOR
