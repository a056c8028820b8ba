"""Reads a CSV as people's programs write it: one record at a time, none lost.

A fault costs its own line. A quote that is never closed would otherwise swallow the lines up to the
next quote, and they would be in no count; so a record may span lines only if it then has as many
cells as the header.

Format: RFC 4180, with line ends of any system, byte order marks and blank lines.
"""

import csv
import difflib
import io
import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

_MAX_LINE = 1 << 20
"""Characters that are read of a line."""
_MAX_RECORD_LINES = 100
"""Lines that a quoted cell may span."""
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""Bytes that are not UTF-8, as the decoder's error handler keeps them."""


class TableError(ValueError):
    """A file that cannot be read as a table, with what to do about it."""


class Record(NamedTuple):
    """A record of a CSV.

    Attributes:
      line: on which it begins; the header's is 1.
      cells: as they stand; of a faulty record what could be told apart.
      fault: why the record cannot be used; "" for a sound one.
      is_utf8: False where the cells hold bytes that are not UTF-8, as surrogates.
    """

    line: int
    cells: list[str]
    fault: str
    is_utf8: bool


def read_table(raw: IO[bytes]) -> Iterator[Record]:
    """Yields the records of a CSV, the header first; blank ones are skipped.

    Args:
      raw: the file's bytes, from the start.
    """
    text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    line, width = 1, 0
    while True:
        lines.begin()
        fault = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, fault = [], str(error)
        # Python refuses NUL bytes itself before 3.11 only.
        if (
            fault
            or any("\0" in taken for taken in lines.taken)
            or (len(lines.taken) > 1 and width and len(cells) != width)
        ):
            lines.keep_first()
            cells, fault = _parse_line(lines.taken[0])
        if lines.is_cut:
            fault = f"a line has more than {_MAX_LINE} characters"

        begin, line = line, line + len(lines.taken)
        if not fault and not any(map(str.strip, cells)) and begin > 1:
            continue
        if not width:
            width = len(_without_blank_end(cells))
        elif len(cells) != width and not fault:
            fault = _width_fault(cells, width)
        yield Record(begin, cells, fault, not any(map(_NOT_UTF_8.search, lines.taken)))


class _Lines:
    """Lines of a text, for a CSV reader that may have taken too many of them.

    Attributes:
      taken: the lines of the current record, with their ends.
      is_cut: whether the last one was longer than is read.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.taken: list[str] = []
        self.is_cut = False
        self._text = text
        first = self._read()
        # Programs that do not know of byte order marks put another one before the first.
        self._given_back = deque([first.lstrip("\ufeff")] if first else [])

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MAX_RECORD_LINES:
            raise StopIteration
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """Begins a record."""
        self.taken = []
        self.is_cut = False

    def keep_first(self) -> None:
        """Gives all lines but the first back: they are records of their own."""
        self._given_back.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def _read(self) -> str:
        line = self._text.readline(_MAX_LINE)
        if len(line) == _MAX_LINE and line[-1] not in "\r\n":
            self.is_cut = True
            while (rest := self._text.readline(_MAX_LINE)) and rest[-1] not in "\r\n":
                pass
        return line


def _parse_line(line: str) -> tuple[list[str], str]:
    """Returns the cells of a line that is no sound record together with others, and its fault."""
    if "\0" in line:
        return [], "it has a NUL byte"
    try:
        next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        if "end of data" in str(error):
            return line.split(","), "a quote is opened and not closed"
    try:
        # A text behind a closing quote is a part of the cell.
        return next(csv.reader([line]), []), ""
    except csv.Error as error:
        return [], str(error)


def _width_fault(cells: Sequence[str], width: int) -> str:
    """Returns what is wrong with a record's number of cells; blank ones at its end do not count."""
    if len(cells) < width:
        return f"it has {len(cells)} cells, the header has {width}"
    count = len(_without_blank_end(cells))
    if count > width:
        return f"it has {count} cells, the header has {width}. Is the box in quotes?"
    return ""


def _without_blank_end(cells: Sequence[str]) -> Sequence[str]:
    count = len(cells)
    while count and not cells[count - 1].strip():
        count -= 1
    return cells[:count]


def column_indices(
    records: Iterator[Record], path: str, required: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    """Reads the header and returns the index of each known column that it has.

    Characters that cannot be seen, such as byte order marks and spaces without width, are ignored.

    Args:
      records: of ``read_table``, from the start.
      path: of the CSV, for the messages.
      required: names of the columns that there must be.
      optional: names of others that are known.

    Raises:
      TableError: the file is empty, is not UTF-8, lacks a column or names one twice.
    """
    header = next(records, None)
    if header is not None and (not header.is_utf8 or "NUL" in header.fault):
        raise not_utf8(path, header.line)
    names = [_visible(cell) for cell in header.cells] if header else []
    if not any(names):
        raise TableError(f"{path} is empty: the first line must name the columns.")
    if header and header.fault:
        raise TableError(f"{path}: the first line must name the columns, but {header.fault}.")
    missing = [name for name in required if name not in names]
    if missing:
        raise TableError(
            f"{path} lacks the column {', '.join(missing)}. Received the columns: "
            f"{', '.join(map(_escaped, names))}.{_hint(names, missing)}"
        )
    repeated = [name for name in (*required, *optional) if names.count(name) > 1]
    if repeated:
        raise TableError(f"{path} names the column {', '.join(repeated)} twice.")
    return {name: names.index(name) for name in (*required, *optional) if name in names}


def not_utf8(path: str, line: int) -> TableError:
    """Returns the error for a CSV of another encoding."""
    return TableError(
        f"{path} is not UTF-8 (line {line}). Save it as UTF-8; spreadsheets in Korean often write "
        "CP949 or UTF-16."
    )


def _visible(text: str) -> str:
    """Returns a name without the characters of Unicode's category Cf, trimmed."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip()


def _escaped(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _hint(names: Sequence[str], missing: Sequence[str]) -> str:
    """Returns a sentence about a likely cause of missing columns, or ""."""
    if len(names) == 1:
        for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in names[0]:
                return f" They are separated by {word}: save the table with commas."
    folded = {name.casefold(): name for name in names}
    for name in missing:
        if close := difflib.get_close_matches(name, folded, n=1, cutoff=0.6):
            return f" Rename {_escaped(folded[close[0]])!r} to {name!r}."
    return ""
