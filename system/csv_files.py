"""Writes CSV files for people and programs, from texts that strangers have chosen.

Names of files, labels and messages of decoders may hold anything. Two things go wrong with them in
a CSV: a lone carriage return ends a line for most readers, and Python 3.10 does not quote it; and
spreadsheets execute a cell that begins like a formula. A cell of this kind gets an apostrophe in
front, as OWASP's page "CSV Injection" says; ``original`` takes it away again. A Parquet file has
texts as they are.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_GUARD = "'"


class CsvWriter:
    """Writes rows of a CSV in UTF-8 with lines that end in LF."""

    def __init__(self, file: IO[str]) -> None:
        self._minimal = csv.writer(file, lineterminator="\n")
        self._quoting = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(self, row: Sequence[object]) -> None:
        """Writes a row; texts are guarded, other values are written as they are."""
        cells = [guarded(cell) if isinstance(cell, str) else cell for cell in row]
        has_return = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoting if has_return else self._minimal).writerow(cells)

    def write_all(self, rows: Iterable[Sequence[object]]) -> None:
        """Writes rows."""
        for row in rows:
            self.write(row)


def read_dicts(file: IO[str]) -> Iterator[dict[str, str]]:
    """Yields the rows of a file of ``CsvWriter`` by the names of its first row.

    Raises:
      csv.Error: a row has more or fewer cells than the first, or is no CSV at all.
    """
    reader = csv.DictReader(_without_nul(file))
    for row in reader:
        if None in row or None in row.values():
            raise csv.Error(f"line {reader.line_num} has more or fewer cells than the first line")
        yield {name: original(cell) for name, cell in row.items()}


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines, and refuses NUL bytes, as ``csv`` itself does before Python 3.11."""
    for line in lines:
        if "\0" in line:
            raise csv.Error("line contains NUL")
        yield line


def guarded(text: str) -> str:
    """Returns a text that no spreadsheet takes for a formula."""
    return _GUARD + text if text.lstrip(_GUARD).startswith(_FORMULA_STARTS) else text


def original(cell: str) -> str:
    """Returns the text that ``guarded`` was given."""
    is_guarded = cell.startswith(_GUARD) and cell.lstrip(_GUARD).startswith(_FORMULA_STARTS)
    return cell[1:] if is_guarded else cell
