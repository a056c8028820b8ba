"""Compares runs, prints what differs, and writes it where that is asked for."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as TerminalTable
from rich.text import Text

from report.comparison import page
from report.comparison.comparison import compare
from report.comparison.run_files import read_runs
from report.comparison.tables import all_tables
from report.formatting import path_text
from report.tables.table import Cell, Table
from report.translations import RESAMPLED
from schemas.documents.comparison import Comparison
from schemas.errors import ConfigError
from schemas.exit_codes import CompareExit
from system.printable import error_line, printable
from system.streams import write_utf8
from system.terminal import shown

_STYLES = {"good": "green", "bad": "red", "warn": "yellow", "": ""}
_MOST_ROWS = 30
"""Rows of a table on the terminal; the others are in the JSON and on the page."""


def compare_runs(runs: Sequence[Path], output: Path | None, *, as_json: bool) -> int:
    """Compares runs and returns the exit code, see ``schemas.exit_codes.CompareExit``.

    Args:
      runs: output folders, or documents of runs.
      output: folder for ``comparison.html`` and ``comparison.json``; None writes neither.
      as_json: whether the document is printed in place of tables.
    """
    try:
        comparison = compare(read_runs(runs))
        written = page.write(comparison, output) if output else None
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return CompareExit.CONFIG
    except OSError as error:
        message = f"--output must be a folder that can be written. Received: {output} ({error})"
        sys.stderr.write(error_line(message))
        return CompareExit.CONFIG
    if as_json:
        write_utf8(json.dumps(comparison, ensure_ascii=False, indent=1) + "\n")
    else:
        _print(Console(highlight=False), comparison, written)
    return CompareExit.COMPARED if comparison["row_by_row"] else CompareExit.NOT_ROW_BY_ROW


def _print(console: Console, comparison: Comparison, written: Path | None) -> None:
    for title, table in all_tables(comparison):
        console.print()
        console.print(Text(printable(title[1]), style="bold"))
        console.print(Padding(_terminal_table(table), (0, 0, 0, 2), expand=False))
        if (more := len(table.rows) - _MOST_ROWS) > 0:
            console.print(f"  and {more} more, see --json or --output", style="dim")
    console.print()
    if comparison["row_by_row"]:
        first = comparison["differences"][0]
        text = (
            f"Judged by the same {first['rows']:,} eval rows; {RESAMPLED[first['of']][1]} "
            f"({first['units']:,}). Differences are to {first['reference']}."
        )
        console.print(Text(printable(text)), soft_wrap=True)
    else:
        text = f"Not comparable row by row: {comparison['why_not']}."
        console.print(Text(printable(text), style="yellow"), soft_wrap=True)
    if written is not None:
        console.print(Text(f"page: {printable(path_text(written))}", style="dim"), soft_wrap=True)


def _terminal_table(table: Table) -> TerminalTable:
    made = TerminalTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in table.columns:
        made.add_column(
            printable(column.title[1]).replace(" %", "\u00a0%").replace(" ", "\n"),
            justify="right" if column.is_number else "left",
            overflow="fold",
            no_wrap=column.is_number,
        )
    for row in table.rows[:_MOST_ROWS]:
        made.add_row(*map(_terminal_cell, row))
    return made


def _terminal_cell(cell: Cell) -> Text:
    text = shown(cell.text[1])
    text.stylize(_STYLES[cell.tone])
    if cell.note:
        text.append_text(Text(f"\n{printable(cell.note[1])}", style="dim"))
    return text
