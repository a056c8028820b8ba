"""The page of a comparison and its JSON document; each file appears whole or not at all."""

import json
from pathlib import Path

from report import html
from report.comparison.tables import all_tables
from report.translations import RESAMPLED, Pair
from schemas.documents.comparison import Comparison
from system.files import write_whole

HTML, JSON = "comparison.html", "comparison.json"
TITLE: Pair = ("실행 비교", "Runs side by side")


def write(comparison: Comparison, folder: Path) -> Path:
    """Writes ``comparison.json`` and ``comparison.html`` and returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (HTML, JSON):
        (folder / name).unlink(missing_ok=True)
    write_whole(folder / JSON, json.dumps(comparison, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / HTML, render(comparison))
    return folder / HTML


def render(comparison: Comparison) -> str:
    """Returns the page: one HTML document that needs no other file and no network."""
    differences = comparison["differences"]
    return html.render(
        "comparison.html.j2",
        title=TITLE,
        comparison=comparison,
        tables=all_tables(comparison),
        resampled=RESAMPLED[differences[0]["of"]] if differences else None,
    )
