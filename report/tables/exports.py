"""Exports of the model for other runtimes, where the run has made some."""

from collections.abc import Mapping
from typing import Any

from report.formatting import size_text
from report.tables.table import MISSING, Cell, Column, Table, heading, score, share
from report.translations import SCORES, Pair, same

_KEPT: dict[bool, tuple[Pair, str]] = {
    True: (("유지", "Kept"), "good"),
    False: (("버림", "Discarded"), "bad"),
}


def table(report: Mapping[str, Any]) -> Table | None:
    """Returns the formats of ``exports`` in a run's document; None where there are none."""
    formats = (report.get("exports") or {}).get("exports") or []
    if not formats:
        return None
    columns = [
        Column(("형식", "Format")),
        Column(("결과", "Result")),
        Column(SCORES["macro_f1"], True),
        Column(("같은 감정", "Same mood"), True),
        Column(("확률 차이 최댓값", "Largest difference"), True),
        Column(("크기", "Size"), True),
        Column(("사진 한 장, ms", "One photo, ms"), True),
        Column(("이유", "Reason")),
    ]
    return Table(
        "exported", ("내보낸 모델", "Exported models"), columns, [_row(e) for e in formats]
    )


def _row(export: Mapping[str, Any]) -> list[Cell]:
    text, tone = _KEPT[bool(export.get("kept"))]
    size, difference = export.get("bytes"), export.get("max_difference")
    milliseconds = export.get("milliseconds")
    return [
        heading(same(export.get("format", "–"))),
        Cell(text, tone=tone),
        score(export.get("macro_f1")),
        share(export.get("same_mood")),
        Cell(MISSING if difference is None else same(f"{difference:.2g}"), sort=difference),
        Cell(MISSING if size is None else same(size_text(size)), sort=size),
        Cell(MISSING if milliseconds is None else same(f"{milliseconds:.1f}"), sort=milliseconds),
        # The program's own words, with the rule and its figures.
        Cell(same(export.get("reason") or "–")),
    ]
