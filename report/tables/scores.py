"""Tables of scores: of the predictors, by mood, by slice and by the source of the box."""

from collections.abc import Mapping
from typing import Any

from report.tables.table import Cell, Column, Table, heading, number, score, share
from report.translations import MOOD_SCORES, PREDICTORS, SCORES, Pair, mood, same
from schemas.documents.evaluation import Metrics

ROWS: Pair = ("프레임", "Frames")
CLIPS: Pair = ("클립", "Clips")
MOOD: Pair = ("감정", "Mood")
_SLICES: dict[str, Pair] = {
    "species": ("종", "species"),
    "box_size": ("사진에서 박스가 차지하는 비율", "box area / photo"),
    "brightness_band": ("밝기", "brightness"),
    "action": ("행동", "action"),
}
"""Columns that slice the rows. Those of a label are left out: on rows of one mood the share of
right answers is its recall, which the table by mood has."""
_VALUES: dict[str, Pair] = {"CAT": ("고양이", "cat"), "DOG": ("개", "dog")}
_SLICE_SCORES = ("macro_f1", "balanced_accuracy", "accuracy")
_SOURCES: dict[str, Pair] = {
    "given": ("주어진 박스", "Box given"),
    "found": ("찾은 박스", "Box found"),
    "whole": ("박스 없이 사진 전체", "Whole photo, no box"),
}


def predictors(name: str, caption: Pair, scores: Mapping[str, Any]) -> Table:
    """Returns the scores of the model and of the predictors that it is compared with.

    Args:
      name: id of the table.
      caption: what it shows.
      scores: by predictor, such as ``Metrics`` or its ``per_clip``.
    """
    names = [each for each in PREDICTORS if scores.get(each)]
    columns = [Column(("점수", "Score")), *(Column(PREDICTORS[each], True) for each in names)]
    rows = [
        [
            heading(title),
            *(score(scores[each][key], scores[each]["intervals"].get(key)) for each in names),
        ]
        for key, title in SCORES.items()
    ]
    return Table(name, caption, columns, rows, can_sort=False)


def moods(metrics: Metrics) -> Table:
    """Returns the model's scores by mood, the weakest marked."""
    per_mood = metrics["per_mood"]
    with_rows = [name for name, each in per_mood.items() if each["support"]]
    worst = min(with_rows, key=lambda name: per_mood[name]["f1"], default=None)
    columns = [Column(MOOD), Column(ROWS, True)]
    columns += [Column(title, True) for title in MOOD_SCORES.values()]
    rows = []
    for name, each in per_mood.items():
        cells = [heading(mood(name), ("가장 낮음", "lowest") if name == worst else None)]
        cells.append(number(each["support"]))
        scores: Mapping[str, Any] = {**each}
        cells += [
            score(scores[key] if each["support"] else None, each["intervals"].get(key))
            for key in MOOD_SCORES
        ]
        rows.append(cells)
    return Table("by-mood", ("감정별 점수", "Scores by mood"), columns, rows)


def calibration(metrics: Mapping[str, Any]) -> Table | None:
    """Returns how far each mood's probabilities are from its share; None if that is not known."""
    per_mood: Mapping[str, Any] = (metrics.get("calibration") or {}).get("per_mood") or {}
    if not per_mood:
        return None
    columns = [
        Column(MOOD),
        Column(SCORES["ece"], True),
        Column(("평균 확률", "Mean probability"), True),
        Column(("행의 비율", "Share of the rows"), True),
    ]
    rows = [
        [
            heading(mood(name)),
            *(score(each.get(key)) for key in ("ece", "mean_probability", "share")),
        ]
        for name, each in per_mood.items()
    ]
    return Table("mood-calibration", ("감정별 보정", "Calibration by mood"), columns, rows)


def slices(metrics: Metrics) -> Table | None:
    """Returns the model's scores on the slices that are no mood's; None if there are none."""
    columns = [Column(("슬라이스", "Slice")), Column(ROWS, True), Column(CLIPS, True)]
    columns += [Column(SCORES[key], True) for key in _SLICE_SCORES]  # type: ignore[index]
    rows = []
    for name, each in metrics["slices"].items():
        if name.partition("=")[0] not in _SLICES:
            continue
        scores: Mapping[str, Any] = {**each}
        intervals = each["intervals"] or {}
        cells = [heading(slice_title(name))]
        cells += [number(each["rows"]), number(each["clips"])]
        cells += [score(scores[key], intervals.get(key)) for key in _SLICE_SCORES]
        rows.append(cells)
    if not rows:
        return None
    return Table("by-slice", ("슬라이스별 점수", "Scores by slice"), columns, rows)


def boxes(metrics: Mapping[str, Any]) -> Table | None:
    """Returns the scores by where the box came from; None where nothing was measured."""
    measured: Mapping[str, Any] = metrics.get("boxes") or {}
    rows = [
        [
            heading(title),
            number(measured[name].get("rows")),
            number(measured[name].get("unanswered", 0)),
            score(measured[name].get("macro_f1")),
            score(measured[name].get("accuracy")),
        ]
        for name, title in _SOURCES.items()
        if measured.get(name)
    ]
    if not rows:
        return None
    columns = [Column(("박스", "Box")), Column(("사진", "Photos"), True)]
    columns.append(Column(("동물을 못 찾음", "No animal found"), True))
    columns += [Column(SCORES["macro_f1"], True), Column(SCORES["accuracy"], True)]
    return Table("by-box", ("박스 출처별 점수", "Scores by the source of the box"), columns, rows)


def most_confused(metrics: Metrics, most: int = 8) -> Table | None:
    """Returns the pairs of moods that are most often taken for each other; None without errors.

    Args:
      metrics: with the confusion matrices of frames and of clips.
      most: number of pairs.
    """
    names, by_frame = metrics["moods"], metrics["confusion"]
    by_clip = metrics["per_clip"]["model"].get("confusion")
    pairs = [
        (count, count / sum(row), i, j)
        for i, row in enumerate(by_frame)
        for j, count in enumerate(row)
        if i != j and count
    ]
    if not pairs:
        return None
    pairs.sort(reverse=True)
    rows = []
    for count, part, i, j in pairs[:most]:
        cells = [heading(mood(names[i])), Cell(mood(names[j])), number(count), share(part)]
        rows.append([*cells, number(by_clip[i][j] if by_clip else None)])
    columns = [
        Column(("정답", "True mood")),
        Column(("예측", "Predicted as")),
        Column(ROWS, True),
        Column(("그 감정에서 차지하는 비율", "Share of that mood"), True),
        Column(CLIPS, True),
    ]
    return Table("most-confused", ("가장 많이 혼동한 감정", "Most confused moods"), columns, rows)


def slice_title(name: str) -> Pair:
    """Returns the name of a slice such as "species=CAT" in words."""
    column, _, value = name.partition("=")
    titles, values = _SLICES[column], _VALUES.get(value, same(value))
    return f"{titles[0]}: {values[0]}", f"{titles[1]}: {values[1]}"
