"""Tables of a comparison, for its page and for the terminal."""

from collections.abc import Sequence

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
from report.translations import ENDINGS, SCORES, Pair, mood, same
from schemas.documents.comparison import Comparison, ScoreRecord
from schemas.documents.evaluation import HEADLINE

_DIFFERENCE: Pair = ("차이", "Difference")


def runs(comparison: Comparison) -> Table:
    """Returns a row for each run: how it ended, what it trained on, its scores."""
    columns = [
        Column(("실행", "Run")),
        *(Column(SCORES[name], True) for name in HEADLINE),
        Column(("평가 행", "Eval rows"), True),
        Column(("클립", "Clips"), True),
        Column(("장치", "Device")),
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
        cells += [number(run["rows"]), number(run["clips"]), Cell(_text(run["device"]))]
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
    rows = [[heading(same(key)), *map(_value, each)] for key, each in values.items()]
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


def _value(value: object) -> Cell:
    if isinstance(value, float | int) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else f"{value:g}"
        return Cell(same(text), sort=float(value))
    return Cell(_text(value))


def _text(value: object) -> Pair:
    return MISSING if value in (None, "") else same(value)
