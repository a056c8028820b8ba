"""Summary of a run that has ended: rows, findings, scores, verdicts and how to go on."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from report.formatting import clock_text, path_text, score_text
from report.node_run import NodeState
from report.results import Results
from report.translations import BOX_SOURCES, TEXTS
from runner import smoke_test
from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from schemas.documents.evaluation import OtherPredictor, ScoreName, Scores
from schemas.documents.intervals import ResamplingUnit
from schemas.exit_codes import RunExit
from schemas.splits import EVAL, TRAIN
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
_MAX_MESSAGE_LENGTH = 400
_BEST_TRIALS = 5
_ENDINGS = {
    RunExit.PUSHED: ("Pushed", "green"),
    RunExit.NOT_BLESSED: ("Not pushed", "yellow"),
    RunExit.DATA_REFUSED: ("Data refused", "red"),
    RunExit.CONFIG: ("Not run", "red"),
    RunExit.OTHER: ("Failed", "red"),
}


def print_summary(console: Console, record: RunRecord, example: ExampleRow | None) -> None:
    """Prints the summary of an ended run; ``example`` is a row to try the pushed model on."""
    results = record.results
    rows = _rows_table(results)
    for block in (
        rows,
        _findings_table(results),
        _trials_table(results),
        _scores_table(results),
        _boxes_table(results),
        _checks_table(results),
        _exports_table(results),
    ):
        if block is not None:
            console.print()
            console.print(Padding(block, (0, 0, 0, 2), expand=False))
        if block is rows and results.rejects_csv is not None and _reasons(results):
            path = path_text(results.rejects_csv)
            _print_unbroken(console, Text(f"  refused rows are listed in {path}", style="dim"))
    if results.metrics is not None and results.chosen_on == EVAL:
        console.print()
        console.print(Padding(Text(TEXTS["shared_rows"][1], style="yellow"), (0, 0, 0, 2)))
    console.print()

    for line in _ending_lines(record):
        _print_unbroken(console, line)
    if results.exports is not None and results.exports["folder"] is not None:
        path = path_text(Path(results.exports["folder"]))
        _print_unbroken(console, Text(f"  exports: {path}", style="dim"))
    if results.unlabelled_predictions is not None:
        path = path_text(results.unlabelled_predictions)
        _print_unbroken(console, Text(f"  predictions for --predict-csv: {path}", style="dim"))
    if results.pushed is not None and example is not None:
        _print_unbroken(console, Text(f"\n  Try it (the CSV says {example.mood}):"))
        for part in _inference_command(results.pushed, example):
            _print_unbroken(console, Text(part, style="bold"))


def _print_unbroken(console: Console, line: Text) -> None:
    """Prints a line without line breaks of ours, so that it can be copied whole."""
    # Names of files and moods are others' texts; escapes would shift the styles of a line's parts.
    if not line.plain.replace("\n", "").isprintable():
        line = Text(printable(line.plain, keep="\n"), style=line.style)
    console.print(line, soft_wrap=True)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _rows_table(results: Results) -> RenderableType | None:
    """Returns rows by mood and split, each mood's scores, and the refused rows by reason."""
    if results.ingest is None:
        return None
    splits = results.ingest["splits"]
    thinned = splits[TRAIN]["thinned"]
    is_thinned = any(thinned.values())
    per_mood = results.metrics["per_mood"] if results.metrics else {}

    table = _table()
    table.add_column("rows")
    for name in splits:
        table.add_column(name, justify="right")
    if is_thinned:
        table.add_column("thinned", justify="right", style="dim")
    if per_mood:
        table.add_column("precision", justify="right")
        table.add_column("recall", justify="right")

    def thinned_cell(rows: int) -> list[str]:
        return [f"{rows:,}"] if is_thinned else []

    for mood in splits[TRAIN]["moods"]:
        used = (f"{split['moods'][mood]:,}" for split in splits.values())
        scores = per_mood.get(mood)
        score_cells = (
            [score_text(scores["precision"]), score_text(scores["recall"])] if scores else []
        )
        table.add_row(shown(mood), *used, *thinned_cell(thinned.get(mood, 0)), *score_cells)
    used = (f"{split['used']:,}" for split in splits.values())
    table.add_row("used", *used, *thinned_cell(sum(thinned.values())), style="bold")
    if any(split["clipped"] for split in splits.values()):
        clipped = (f"{split['clipped']:,}" for split in splits.values())
        table.add_row("used, with a clipped box", *clipped, style="dim")
    if any(split["reused"] for split in splits.values()):
        reused = (f"{split['reused']:,}" for split in splits.values())
        table.add_row("taken over from earlier", *reused, style="dim")
        table.add_row(
            "photos read", *(f"{split['read']:,}" for split in splits.values()), style="dim"
        )
    for reason in _reasons(results):
        counts = (f"{split['refused'].get(reason, 0):,}" for split in splits.values())
        table.add_row(f"refused: {reason}", *counts, style="yellow")
    return table


def _reasons(results: Results) -> list[str]:
    """Returns the reasons that rows were refused for, each once."""
    splits = results.ingest["splits"].values() if results.ingest else ()
    return list(
        dict.fromkeys(
            reason for split in splits for reason, count in split["refused"].items() if count
        )
    )


def _findings_table(results: Results) -> RenderableType | None:
    """Returns the findings of the BoxValidator and the LeakCheck; None if there are none."""
    documents = (results.validation, results.leaks)
    findings = [finding for document in documents if document for finding in document["findings"]]
    if not findings:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        style = "red" if finding["severity"] == "error" else "yellow"
        table.add_row(
            Text(finding["severity"], style), shown(finding["split"]), shown(finding["message"])
        )
    return table


def _boxes_table(results: Results) -> RenderableType | None:
    """Returns what to expect of photos with boxes given, boxes found and no boxes."""
    boxes = results.metrics.get("boxes") if results.metrics else None
    if not boxes:
        return None
    table = _table()
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


def _trials_table(results: Results) -> RenderableType | None:
    """Returns the Tuner's best trials, and how many others there are."""
    if results.tuner is None:
        return None
    trials = results.tuner["trials"]
    scored = [(trial["score"], trial) for trial in trials if trial["score"] is not None]
    best_first = sorted(scored, key=lambda pair: pair[0], reverse=True)

    table = _table()
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


def _scores_table(results: Results) -> RenderableType | None:
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
    table = _table()
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


def _checks_table(results: Results) -> RenderableType | None:
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
        table.add_row(status, title, shown(_last_line(message)))
    return table


def _exports_table(results: Results) -> RenderableType | None:
    """Returns each format of the exports, kept or refused, with its figures."""
    document = results.exports
    if document is None or not document["exports"]:
        return None
    table = _table()
    table.add_column(f"exports, on {document['rows']:,} eval rows")
    for title in ("", "same mood", "macro-F1", "MB", "ms each"):
        table.add_column(title, justify="right")
    for export in document["exports"]:
        size = export["bytes"]
        table.add_row(
            export["format"],
            Text("kept", "green") if export["kept"] else Text("refused", "red"),
            f"{export['same_mood']:.1%}" if export["same_mood"] is not None else "-",
            score_text(export["macro_f1"]),
            f"{size / 1e6:.1f}" if size is not None else "-",
            f"{export['milliseconds']:.1f}" if export["milliseconds"] is not None else "-",
        )
    refused = (
        Text.assemble(f"{export['format']}: ", shown(_last_line(export["reason"])), style="yellow")
        for export in document["exports"]
        if not export["kept"]
    )
    return Group(table, *refused)


def _last_line(message: str) -> str:
    """Returns the last line of a message, shortened: in a traceback it says most."""
    line = next((line for line in reversed(message.splitlines()) if line.strip()), "")
    return line if len(line) <= _MAX_MESSAGE_LENGTH else line[:_MAX_MESSAGE_LENGTH] + " ..."


def _ending_lines(record: RunRecord) -> Iterator[Text]:
    """Yields how the run ended, how long it took, and where to read about it."""
    results = record.results
    exit_code = RunExit(record.exit if record.exit is not None else RunExit.OTHER)
    status, style = _ENDINGS[exit_code]
    if any(run is not None and run.state is NodeState.STOPPED for run in record.nodes.values()):
        status, style = "Stopped", "yellow"
    if record.smoke_test:
        status = "Smoke test passed"
    line = Text.assemble("  ", (status, f"bold {style}"))
    if exit_code is RunExit.PUSHED and results.pushed is not None:
        line.append(f"  {path_text(results.pushed)}")
    elif exit_code is RunExit.NOT_BLESSED:
        reason = "not blessed" if results.blessed is False else "not servable"
        line.append(f": the model is {reason}, see above")
    yield line
    if record.smoke_test and record.settings is not None:
        yield from (Text(f"  {text}") for text in smoke_test.lines(record.settings))

    duration = clock_text(record.seconds or 0)
    reused = sum(1 for run in record.nodes.values() if run is not None and run.cached)
    report = (
        f"report: {path_text(record.report)}"
        if record.report
        else f"no report could be written; all in {path_text(record.folder)}/run.json"
    )
    yield Text(
        f"  took {duration}, {reused} of {len(record.nodes)} steps reused; {report}", style="dim"
    )


def _inference_command(pushed: Path, example: ExampleRow) -> Iterator[str]:
    """Yields the lines of a shell command that tries the model on the example."""
    box = ",".join(str(number) for number in example.box)
    weights, image = shlex.quote(path_text(pushed)), shlex.quote(path_text(example.image))
    yield f"  uv run python inference.py --weight_path {weights} \\"
    yield f"    --box {box} \\"
    yield f"    {image}"
