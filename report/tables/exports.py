"""Exports of the model for other runtimes, where the run has made some."""

from collections.abc import Mapping, Sequence
from typing import Any

from report.formatting import size_text
from report.tables.table import MISSING, Cell, Column, Table, heading, score, share
from report.translations import SCORES, Pair, same
from schemas.exports import precision_of

_KEPT: dict[bool, tuple[Pair, str]] = {
    True: (("유지", "Kept"), "good"),
    False: (("버림", "Discarded"), "bad"),
}
_LOCATOR_KEPT: dict[bool, tuple[Pair, str]] = {
    True: (("유지", "Kept"), "good"),
    False: (("빠짐", "Left out"), "bad"),
}
_NOT_MADE: Pair = ("변환하거나 실행하지 못함", "It could not be converted or run")
_OTHER_PROBABILITIES: Pair = (
    "확률이 서빙 모델의 확률과 다름",
    "Its probabilities are not the servable's",
)
_OTHER_MOODS: Pair = (
    "감정이나 매크로 F1이 서빙 모델과 너무 다름",
    "Its moods or its macro-F1 are too far from the servable's",
)
_LOCATOR_NOT_MADE: Pair = (
    "동물 찾기를 변환하거나 실행하지 못함",
    "Its locator could not be converted or run",
)
_OTHER_FINDS: Pair = (
    "서빙 모델과 다른 곳에서 동물을 찾음",
    "Its locator finds animals elsewhere than the servable",
)
WITHOUT_LOCATOR: Pair = (
    "동물 찾기가 빠진 형식은 박스 없는 사진을 통째로 보고 추측합니다.",
    "A format whose locator is left out takes a photo without a box as a whole, and guesses.",
)


def table(report: Mapping[str, Any]) -> Table | None:
    """Returns the formats of ``exports`` in a run's document; None where there are none."""
    formats = _formats(report)
    if not formats:
        return None
    has_locator = any(export.get("locator") for export in formats)
    columns = [
        Column(("형식", "Format")),
        Column(("결과", "Result")),
        *([Column(("동물 찾기", "Locator"))] if has_locator else []),
        Column(SCORES["macro_f1"], True),
        Column(("같은 감정", "Same mood"), True),
        Column(("확률 차이 최댓값", "Largest difference"), True),
        Column(("크기", "Size"), True),
        Column(("사진 한 장, ms", "One photo, ms"), True),
        Column(("이유", "Reason")),
    ]
    rows = [_row(export, has_locator) for export in formats]
    return Table("exported", ("내보낸 모델", "Exported models"), columns, rows)


def note(report: Mapping[str, Any]) -> Pair | None:
    """Returns what a locator that is left out of a format means; None where none is."""
    located = [export.get("locator") for export in _formats(report)]
    return WITHOUT_LOCATOR if any(one and not one["kept"] for one in located) else None


def _formats(report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (report.get("exports") or {}).get("exports") or []


def _row(export: Mapping[str, Any], has_locator: bool) -> list[Cell]:
    text, tone = _KEPT[bool(export.get("kept"))]
    size, difference = export.get("bytes"), export.get("max_difference")
    located = export.get("locator")
    return [
        heading(same(export.get("format", "–"))),
        Cell(text, tone=tone),
        *([_located(located)] if has_locator else []),
        score(export.get("macro_f1")),
        share(export.get("same_mood")),
        Cell(MISSING if difference is None else same(f"{difference:.2g}"), sort=difference),
        Cell(MISSING if size is None else same(size_text(size)), sort=size),
        _milliseconds(export.get("milliseconds"), located),
        _reason(export, located),
    ]


def _located(located: Mapping[str, Any] | None) -> Cell:
    """Returns the verdict on a locator, with the photos in which it finds what it should."""
    if located is None:
        return Cell(MISSING)
    text, tone = _LOCATOR_KEPT[bool(located["kept"])]
    finds = located.get("same_finds")
    figure = "" if finds is None else f"{finds:.1%}"
    below = (f"같은 결과 {figure}", f"same finds {figure}") if figure else None
    return Cell(text, below, tone=tone)


def _milliseconds(network: float | None, located: Mapping[str, Any] | None) -> Cell:
    """Returns the network's time, and that of the two looks of the locator below it."""
    if network is None:
        return Cell(MISSING)
    looks = located.get("milliseconds") if located and located["kept"] else None
    below = None if looks is None else (f"찾기 +{2 * looks:.1f}", f"finding +{2 * looks:.1f}")
    return Cell(same(f"{network:.1f}"), below, sort=network)


def _reason(export: Mapping[str, Any], located: Mapping[str, Any] | None) -> Cell:
    """Returns why a format, or its locator, is not kept; the program's own words come with it."""
    if not export.get("kept"):
        text, original = _OTHER_MOODS, export.get("reason")
        if export.get("same_mood") is None:
            text = _NOT_MADE
        elif not precision_of(export["format"]):
            text = _OTHER_PROBABILITIES
    elif located and not located["kept"]:
        is_made = located.get("same_finds") is not None
        text, original = _OTHER_FINDS if is_made else _LOCATOR_NOT_MADE, located.get("reason")
    else:
        return Cell(MISSING)
    return Cell(text, original=original or "")
