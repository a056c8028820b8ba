"""Tables of a run's model: trials, scores, boxes, checks and exports."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from report.formatting import clock_text, score_text
from report.results import Results
from report.translations import BOX_SOURCES
from runner.summary.cells import last_line, plain_table
from schemas.documents.evaluation import OtherPredictor, ScoreName, Scores
from schemas.documents.exports import Export
from schemas.documents.intervals import ResamplingUnit
from system.printable import printable
from system.terminal import shown

_SCORES: tuple[tuple[str, ScoreName], ...] = (
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("macro-F1", "macro_f1"),
    ("calibration error", "ece"),
)
"""Titles and names of the scores of frames that are printed."""
_UNITS: dict[ResamplingUnit, str] = {
    "groups": "animal",
    "clips": "clip",
    "groups_and_clips": "animal or clip",
}
"""What the intervals are drawn from."""
_BEST_TRIALS = 5


def boxes_table(results: Results) -> RenderableType | None:
    """Returns what to expect of photos with boxes given, boxes found and no boxes."""
    boxes = results.metrics.get("boxes") if results.metrics else None
    if not boxes:
        return None
    table = plain_table()
    table.add_column("photos with")
    for title in ("photos", "accuracy", "macro-F1", "no animal found"):
        table.add_column(title, justify="right")
    for source, (_, title) in BOX_SOURCES.items():
        if source in boxes:
            row = boxes[source]
            table.add_row(
                title,
                f"{row['rows']:,}",
                score_text(row["accuracy"]),
                score_text(row["macro_f1"]),
                f"{row['unanswered']:,}",
            )
    if results.locator is not None and not results.locator["passed"]:
        for check in results.locator["checks"]:
            if not check["passed"]:
                table.add_row(f"locator left out: {check['message']}", style="yellow")
    return table


def trials_table(results: Results) -> RenderableType | None:
    """Returns the Tuner's best trials, and how many others there are."""
    if results.tuner is None:
        return None
    trials = results.tuner["trials"]
    scored = [(trial["score"], trial) for trial in trials if trial["score"] is not None]
    best_first = sorted(scored, key=lambda pair: pair[0], reverse=True)

    table = plain_table()
    table.add_column("trials")
    table.add_column("macro-F1", justify="right")
    table.add_column("time", justify="right")
    table.add_column("settings, the best first", ratio=1)
    for score, trial in best_first[:_BEST_TRIALS]:
        values = " ".join(f"{name}={value}" for name, value in trial["values"].items())
        table.add_row(
            trial["trial"],
            score_text(score),
            clock_text(trial["seconds"]),
            shown(values),
            style="bold" if trial["trial"] == results.tuner["best"] else None,
        )
    if (more := len(scored) - _BEST_TRIALS) > 0:
        table.add_row(f"{more} more")
    if failed := len(trials) - len(scored):
        table.add_row(f"{failed} failed", style="yellow")
    return table


def scores_table(results: Results) -> RenderableType | None:
    """Returns the model's scores with their intervals, next to those of the other predictors."""
    metrics = results.metrics
    if metrics is None:
        return None
    titles: dict[OtherPredictor, str] = {
        "majority": f"always {printable(metrics['majority']['mood'])}",
        "baseline": "last blessed",
        "compared": "compare_with",
    }
    others = [name for name in titles if metrics[name]]
    table = plain_table()
    table.add_column(f"on {metrics['rows']:,} eval rows")
    table.add_column("model", justify="right")
    table.add_column(f"95 % interval by {_UNITS[metrics['resampling']['of']]}", style="dim")
    for name in others:
        table.add_column(Text(titles[name]), justify="right")

    by_frame = [metrics[name] for name in others]
    for title, score in _SCORES:
        table.add_row(title, *_score_cells(score, metrics["model"], by_frame))
    by_clip = [metrics["per_clip"][name] for name in others]
    table.add_row(
        "macro-F1 by clip", *_score_cells("macro_f1", metrics["per_clip"]["model"], by_clip)
    )
    return table


def _score_cells(name: ScoreName, model: Scores, others: Sequence[Scores | None]) -> list[str]:
    interval = model["intervals"][name]
    return [
        score_text(model[name]),
        f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "-",
        *(score_text(scores[name] if scores else None) for scores in others),
    ]


def checks_table(results: Results) -> RenderableType | None:
    """Returns the Evaluator's checks, and those of the ServableCheck that failed."""
    checks: list[tuple[str, bool, str]] = []
    if results.metrics is not None:
        verdict = results.metrics["verdict"]
        checks += [("blessing", check["passed"], check["message"]) for check in verdict["checks"]]
    if results.servable is not None:
        # A check of the servable that passed has no figure to show.
        checks += [
            ("servable", False, check["message"])
            for check in results.servable["checks"]
            if not check["passed"]
        ]
    if not checks:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for title, passed, message in checks:
        status = Text("passed", "green") if passed else Text("failed", "red")
        table.add_row(status, title, shown(last_line(message)))
    return table


def exports_table(results: Results) -> RenderableType | None:
    """Returns each format of the exports, kept or refused, with its figures."""
    document = results.exports
    if document is None or not document["exports"]:
        return None
    has_locator = any(export.get("locator") for export in document["exports"])
    table = plain_table()
    table.add_column(f"exports, on {document['rows']:,} eval rows")
    titles = ("", *(("locator",) if has_locator else ()), "same mood", "macro-F1", "MB", "ms each")
    for title in titles:
        table.add_column(title, justify="right")
    for export in document["exports"]:
        size = export["bytes"]
        table.add_row(
            export["format"],
            Text("kept", "green") if export["kept"] else Text("refused", "red"),
            *((_locator_verdict(export),) if has_locator else ()),
            f"{export['same_mood']:.1%}" if export["same_mood"] is not None else "-",
            score_text(export["macro_f1"]),
            f"{size / 1e6:.1f}" if size is not None else "-",
            f"{export['milliseconds']:.1f}" if export["milliseconds"] is not None else "-",
        )
    lines = (
        Text.assemble(f"{export['format']}: ", shown(words), style="yellow")
        for export in document["exports"]
        if (words := _not_kept(export))
    )
    return Group(table, *lines)


def _not_kept(export: Export) -> str:
    """Returns why a format, or its locator, is not kept; "" where all is."""
    located = export.get("locator")
    if not export["kept"]:
        return last_line(export["reason"])
    if located is None or located["kept"]:
        return ""
    return (
        "without its locator, which is left out, it takes photos without a box as a whole: "
        f"{last_line(located['reason'])}"
    )


def _locator_verdict(export: Export) -> Text:
    located = export.get("locator")
    if located is None:
        return Text("-")
    return Text("kept", "green") if located["kept"] else Text("left out", "red")
