"""Tables of a comparison, for its page and for the terminal."""

from collections.abc import Sequence

from pipeline.run_inputs import ALL
from report.formatting import clock_text
from report.tables.table import (
    MISSING,
    Cell,
    Column,
    Table,
    heading,
    number,
    score,
    signed_interval,
)
from report.translations import ENDINGS, SCORES, Pair, mood, same, split
from schemas.documents.comparison import Comparison, ScoreRecord
from schemas.documents.evaluation import HEADLINE

_FIGURES: dict[str, Pair] = {
    "CSV": same("CSV"),
    "SHA-256": same("SHA-256"),
    "rows used": ("쓴 행", "rows used"),
    "rows clipped": ("박스를 잘라 쓴 행", "rows with a clipped box"),
    "rows refused": ("제외된 행", "rows refused"),
    "rows thinned": ("솎아낸 행", "rows thinned"),
    "device": ("학습한 장치", "device"),
    "chosen on": ("모델을 고른 행", "rows that chose the model"),
    "version of the ingest": ("읽기 단계의 버전", "version of the ingest"),
}
_DIFFERENCE: Pair = ("차이", "Difference")


def runs(comparison: Comparison) -> Table:
    """Returns a row for each run: how it ended, what it trained on, its scores."""
    columns = [
        Column(("실행", "Run")),
        *(Column(SCORES[name], True) for name in HEADLINE),
        Column(("평가 행", "Eval rows"), True),
        Column(("클립", "Clips"), True),
        Column(("시간", "Time"), True),
    ]
    rows = []
    for run in comparison["runs"]:
        scores = run["scores"] or {}
        cells = [heading(same(run["name"]), ENDINGS[run["ending"]])]
        cells += [
            score(scores[name]["value"], scores[name]["interval"]) if name in scores
            else Cell(MISSING)
            for name in HEADLINE
        ]  # fmt: skip
        cells += [number(run["rows"]), number(run["clips"])]
        cells.append(Cell(same(clock_text(run["seconds"], "–")), sort=run["seconds"]))
        rows.append(cells)
    return Table("runs", ("실행", "Runs"), columns, rows)


def differences(comparison: Comparison) -> list[tuple[Pair, Table]]:
    """Returns a table for each run but the first: what it gains, with paired intervals."""
    found: list[tuple[Pair, Table]] = []
    for index, each in enumerate(comparison["differences"]):
        title: Pair = (
            f"{each['run']} – {each['reference']}",
            f"{each['run']} less {each['reference']}",
        )
        columns = [Column(("점수", "Score")), Column(_DIFFERENCE, True)]
        columns.append(Column(("95 % 구간", "95 % interval"), True))
        rows = [_difference(SCORES[name], each["scores"][name]) for name in HEADLINE]
        for name, record in each["f1_by_mood"].items():
            korean, english = mood(name)
            rows.append(_difference((f"F1, {korean}", f"F1, {english}"), record))
        found.append((title, Table(f"difference-{index}", title, columns, rows, can_sort=False)))
    return found


def _difference(name: Pair, record: ScoreRecord) -> list[Cell]:
    ends = record["interval"]
    tone = "" if not ends else "good" if ends[0] > 0 else "bad" if ends[1] < 0 else ""
    value = record["value"]
    return [
        heading(name),
        Cell(same(f"{value:+.3f}"), sort=value, tone=tone),
        Cell(signed_interval(ends) or MISSING),
    ]


def differing(name: str, caption: Pair, comparison: Comparison, values: object) -> Table | None:
    """Returns values that differ, a row each and a column a run; None if there are none.

    Args:
      name: id of the table.
      caption: what it shows.
      comparison: names the runs.
      values: such as ``Comparison.settings``.
    """
    if not isinstance(values, dict) or not values:
        return None
    columns = [Column(("이름", "Name")), *(Column(same(run["name"])) for run in comparison["runs"])]
    rows = [[heading(_name(key)), *map(_value, each)] for key, each in values.items()]
    return Table(name, caption, columns, rows)


def all_tables(comparison: Comparison) -> Sequence[tuple[Pair, Table]]:
    """Returns titles and tables in order; parts in which the runs agree are left out."""
    found: list[tuple[Pair, Table]] = [(("실행", "Runs"), runs(comparison))]
    found += differences(comparison)
    for name, caption, values in (
        ("settings", ("다른 설정", "Settings that differ"), comparison["settings"]),
        ("data", ("다른 데이터", "Data that differ"), comparison["data"]),
        ("versions", ("다른 버전", "Versions that differ"), comparison["versions"]),
    ):
        if (made := differing(name, caption, comparison, values)) is not None:
            found.append((caption, made))
    return found


def _name(key: str) -> Pair:
    """Returns the name of a setting, or of a figure of the data such as "train: rows used"."""
    where, colon, what = key.partition(": ")
    if not colon:
        return _FIGURES.get(key, same(key))
    refused = what.removeprefix("refused, ")
    phrase = _FIGURES.get(what, mood(what) if refused == what else (f"제외, {refused}", what))
    place = ("나누기 전", "before the split") if where == ALL else split(where)
    return f"{place[0]}: {phrase[0]}", f"{place[1]}: {phrase[1]}"


def _value(value: object) -> Cell:
    if isinstance(value, float | int) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else f"{value:g}"
        return Cell(same(text), sort=float(value))
    return Cell(_text(value))


def _text(value: object) -> Pair:
    return MISSING if value in (None, "") else same(value)
