"""The last runs of an output folder, side by side."""

from collections.abc import Sequence

from report.overview.history import PastRun
from report.tables.run import changed_settings
from report.tables.table import Cell, Column, Table, heading, number, score
from report.translations import ENDINGS, SCORES, Pair, same

_MOST_SETTINGS = 4
"""Settings of a run that are named; the others are counted."""


def table(runs: Sequence[PastRun]) -> Table:
    """Returns the runs, the newest first, with the settings that changed from one to the next."""
    columns = [
        Column(("실행", "Run")),
        Column(SCORES["macro_f1"], True),
        Column(("기준선과의 차이", "Over the baseline"), True),
        Column(("평가 행", "Eval rows"), True),
        Column(("앞 실행과 다른 설정", "Settings unlike the run before")),
    ]
    cells = []
    for index, run in enumerate(runs):
        before = runs[index - 1] if index else None
        gain = "–" if run.gain is None else f"{run.gain:+.3f}"
        cells.append(
            [
                heading(same(run.name), ENDINGS[run.ending]),
                score(run.macro_f1, run.interval),
                Cell(same(gain), sort=run.gain),
                number(run.rows),
                Cell(_differences(before, run)),
            ]
        )
    return Table("last-runs", ("최근 실행", "Last runs"), columns, cells[::-1])


def _differences(before: PastRun | None, run: PastRun) -> Pair:
    if before is None:
        return same("")
    old, new = changed_settings(before.settings), changed_settings(run.settings)
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    flat = {
        f"{group}.{key}": value
        for group, values in run.settings.items()
        for key, value in values.items()
    }
    shown = ", ".join(f"{name}={flat.get(name, '–')}" for name in names[:_MOST_SETTINGS])
    if (more := len(names) - _MOST_SETTINGS) > 0:
        return f"{shown} 외 {more}개", f"{shown} and {more} more"
    return same(shown) if shown else ("없음", "none")
