"""What a person reads when a run has ended: rows, moods, metrics, verdicts, what to do next."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runner.example_row import ExampleRow
from runner.node_run import NodeState
from runner.results import Results
from runner.run_record import RunRecord
from runner.running import clock_text
from schemas.exit_codes import RunExit
from schemas.splits import TRAIN

_SCORES = (
    ("accuracy", "", "accuracy"),
    ("balanced accuracy", "", "balanced_accuracy"),
    ("macro-F1", "", "macro_f1"),
    ("calibration error", "", "ece"),
    ("macro-F1 by clip", "per_clip", "macro_f1"),
)
"""Title, part of ``METRICS_JSON`` and name of the scores that are shown."""
_LONGEST_LINE = 400
_BEST_TRIALS = 5
_ENDINGS = {
    RunExit.PUSHED: ("Pushed", "green"),
    RunExit.NOT_BLESSED: ("Not pushed", "yellow"),
    RunExit.DATA_REFUSED: ("Data refused", "red"),
    RunExit.CONFIG: ("Not run", "red"),
    RunExit.OTHER: ("Failed", "red"),
}


def print_summary(console: Console, record: RunRecord, example: ExampleRow | None) -> None:
    """Prints what ``record`` holds of a run that has ended."""
    results = record.results
    rows = _rows(results)
    blocks = (rows, _findings(results), _trials(results), _metrics(results), _verdict(results))
    for block in blocks:
        if block is not None:
            console.print()
            console.print(Padding(block, (0, 0, 0, 2), expand=False))
        if block is rows and results.rejects_csv is not None and _reasons(results):
            path = shown_path(results.rejects_csv)
            _print_unbroken(console, Text(f"  refused rows are listed in {path}", style="dim"))
    console.print()
    for line in _ending(record):
        _print_unbroken(console, line)
    if results.answers is not None:
        path = shown_path(results.answers)
        _print_unbroken(console, Text(f"  answers to --predict-csv: {path}", style="dim"))
    if results.pushed is not None and example is not None:
        _print_unbroken(console, Text(f"\n  Try it (the CSV says {example.mood}):"))
        for part in _try_command(results.pushed, example):
            _print_unbroken(console, Text(part, style="bold"))


def shown_path(path: Path) -> str:
    """Returns the path as one would type it here."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("..") else str(path)


def _print_unbroken(console: Console, line: Text) -> None:
    """Prints a line that can be copied whole: only the terminal itself may break it."""
    console.print(line, soft_wrap=True)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _rows(results: Results) -> RenderableType | None:
    if results.ingest is None:
        return None
    splits: Mapping[str, Any] = results.ingest["splits"]
    per_mood = (results.metrics or {}).get("per_mood", {})
    table = _table()
    table.add_column("rows")
    for name in splits:
        table.add_column(name, justify="right")
    dropped = splits.get(TRAIN, {}).get("thinned", {})
    if any(dropped.values()):
        table.add_column("thinned", justify="right", style="dim")

    def thinned(rows: int) -> list[str]:
        return [f"{rows:,}"] if any(dropped.values()) else []

    if per_mood:
        table.add_column("precision", justify="right")
        table.add_column("recall", justify="right")
    for mood in next(iter(splits.values()))["moods"]:
        scores = (
            [_share(per_mood[mood][name]) for name in ("precision", "recall")]
            if (mood in per_mood)
            else []
        )
        kept = (f"{split['moods'][mood]:,}" for split in splits.values())
        table.add_row(mood, *kept, *thinned(dropped.get(mood, 0)), *scores)
    used = (f"{split['used']:,}" for split in splits.values())
    table.add_row("used", *used, *thinned(sum(dropped.values())), style="bold")
    for reason in _reasons(results):
        numbers = (f"{split['refused'].get(reason, 0):,}" for split in splits.values())
        table.add_row(f"refused: {reason}", *numbers, style="yellow")
    return table


def _reasons(results: Results) -> list[str]:
    """Returns the reasons that rows were refused for, each once."""
    splits = (results.ingest or {"splits": {}})["splits"].values()
    return list(
        dict.fromkeys(
            reason for split in splits for reason, number in split["refused"].items() if number
        )
    )


def _findings(results: Results) -> RenderableType | None:
    reports = (results.validation, results.leaks)
    found = [finding for report in reports if report for finding in report["findings"]]
    if not found:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in found:
        style = "red" if finding["severity"] == "error" else "yellow"
        table.add_row(Text(finding["severity"], style), finding["split"], finding["message"])
    return table


def _trials(results: Results) -> RenderableType | None:
    if results.tuner is None:
        return None
    trials: list[Mapping[str, Any]] = results.tuner["trials"]
    ended = [trial for trial in trials if trial["score"] is not None]
    best_first = sorted(ended, key=lambda trial: trial["score"], reverse=True)
    table = _table()
    table.add_column("trials")
    table.add_column("macro-F1", justify="right")
    table.add_column("time", justify="right")
    table.add_column("settings, the best first", ratio=1)
    for trial in best_first[:_BEST_TRIALS]:
        values = " ".join(f"{name}={value}" for name, value in trial["values"].items())
        style = "bold" if trial["trial"] == results.tuner["best"] else None
        table.add_row(
            trial["trial"], _share(trial["score"]), _took(trial["seconds"]), values, style=style
        )
    if (more := len(ended) - _BEST_TRIALS) > 0:
        table.add_row(f"{more} more")
    if failed := len(trials) - len(ended):
        table.add_row(f"{failed} failed", style="yellow")
    return table


def _took(seconds: float | None) -> str:
    return "-" if seconds is None else clock_text(seconds)


def _metrics(results: Results) -> RenderableType | None:
    metrics = results.metrics
    if metrics is None:
        return None
    columns = {f"always {metrics['majority']['mood']}": "majority"}
    columns |= {
        title: name
        for title, name in (("last blessed", "baseline"), ("compare_with", "compared"))
        if metrics.get(name)
    }
    table = _table()
    table.add_column(f"on {metrics['rows']:,} eval rows")
    table.add_column("model", justify="right")
    intervals = metrics["model"].get("intervals")
    if intervals:
        table.add_column("95 % interval", style="dim")
    for title in columns:
        table.add_column(title, justify="right")
    for row, part, name in _SCORES:
        scores = metrics.get(part, {}) if part else metrics
        if name not in scores.get("model", {}):
            continue
        shown = [_share(scores["model"][name])]
        if intervals:
            shown.append(_interval(scores["model"]["intervals"][name]))
        others = (scores.get(other, {}).get(name) for other in columns.values())
        table.add_row(row, *shown, *map(_share, others))
    return table


def _interval(ends: list[float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _verdict(results: Results) -> RenderableType | None:
    checks = [
        (title, check)
        for title, document in (
            ("blessing", (results.metrics or {}).get("verdict")),
            ("servable", results.servable),
        )
        if document is not None
        for check in document["checks"]
    ]
    # What passed is worth a line only where a number was compared; a refusal always is.
    shown = [
        (title, check) for title, check in checks if title == "blessing" or not check["passed"]
    ]
    if not shown:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for title, check in shown:
        word = Text("passed", "green") if check["passed"] else Text("failed", "red")
        table.add_row(word, title, _short(check["message"]))
    return table


def _short(message: str) -> str:
    """Returns the line of a message that says most: of a traceback the last."""
    line = next((line for line in reversed(message.splitlines()) if line.strip()), "")
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..."


def _ending(record: RunRecord) -> Iterator[Text]:
    results, code = (
        record.results,
        RunExit(record.exit if record.exit is not None else RunExit.OTHER),
    )
    word, style = _ENDINGS[code]
    if any(run is not None and run.state is NodeState.STOPPED for run in record.nodes.values()):
        word, style = "Stopped", "yellow"
    line = Text.assemble("  ", (word, f"bold {style}"))
    if code is RunExit.PUSHED and results.pushed is not None:
        line.append(f"  {shown_path(results.pushed)}")
    elif code is RunExit.NOT_BLESSED:
        reason = "not blessed" if results.blessed is False else "not servable"
        line.append(f": the model is {reason}, see above")
    yield line
    took = clock_text(record.seconds or 0)
    reused = sum(1 for run in record.nodes.values() if run is not None and run.cached)
    told = (
        f"to read: {shown_path(record.report)}"
        if record.report
        else f"no report could be written; all in {shown_path(record.folder)}/run.json"
    )
    yield Text(f"  took {took}, {reused} of {len(record.nodes)} steps reused; {told}", style="dim")


def _try_command(pushed: Path, example: ExampleRow) -> Iterator[str]:
    box = ",".join(str(number) for number in example.box)
    weights, image = shlex.quote(shown_path(pushed)), shlex.quote(shown_path(example.image))
    yield f"  uv run python inference.py --weight_path {weights} \\"
    yield f"    --box {box} \\"
    yield f"    {image}"
