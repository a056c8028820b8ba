"""Tables of a run's data: rows by mood and reason, and findings."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from report.formatting import score_text
from report.results import Results
from runner.summary.cells import plain_table
from schemas.splits import TRAIN
from system.terminal import shown


def rows_table(results: Results) -> RenderableType | None:
    """Returns rows by mood and split, each mood's scores, and the refused rows by reason."""
    if results.ingest is None:
        return None
    splits = results.ingest["splits"]
    thinned = splits[TRAIN]["thinned"]
    is_thinned = any(thinned.values())
    per_mood = results.metrics["per_mood"] if results.metrics else {}

    table = plain_table()
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
    for reason in reject_reasons(results):
        counts = (f"{split['refused'].get(reason, 0):,}" for split in splits.values())
        table.add_row(f"refused: {reason}", *counts, style="yellow")
    return table


def reject_reasons(results: Results) -> list[str]:
    """Returns the reasons that rows were refused for, each once."""
    splits = results.ingest["splits"].values() if results.ingest else ()
    return list(
        dict.fromkeys(
            reason for split in splits for reason, count in split["refused"].items() if count
        )
    )


def findings_table(results: Results) -> RenderableType | None:
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
