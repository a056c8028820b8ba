"""Summary of a run that has ended: rows, findings, scores, verdicts and how to go on."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from report.formatting import clock_text, path_text
from report.node_run import NodeState
from report.translations import TEXTS
from runner import smoke_test
from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from runner.summary.data_tables import findings_table, reject_reasons, rows_table
from runner.summary.model_tables import (
    boxes_table,
    checks_table,
    exports_table,
    scores_table,
    trials_table,
)
from schemas.exit_codes import RunExit
from schemas.splits import EVAL
from system.printable import printable

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
    rows = rows_table(results)
    for block in (
        rows,
        findings_table(results),
        trials_table(results),
        scores_table(results),
        boxes_table(results),
        checks_table(results),
        exports_table(results),
    ):
        if block is not None:
            console.print()
            console.print(Padding(block, (0, 0, 0, 2), expand=False))
        if block is rows and results.rejects_csv is not None and reject_reasons(results):
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
        if results.finds_animals:
            _print_unbroken(console, Text("  Without --box the model finds the animal itself."))


def _print_unbroken(console: Console, line: Text) -> None:
    """Prints a line without line breaks of ours, so that it can be copied whole."""
    # Names of files and moods are others' texts; escapes would shift the styles of a line's parts.
    if not line.plain.replace("\n", "").isprintable():
        line = Text(printable(line.plain, keep="\n"), style=line.style)
    console.print(line, soft_wrap=True)


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
