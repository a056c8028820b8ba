"""A table of the page: its columns and cells in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.formatting import score_text
from report.translations import Pair, same
from schemas.documents.intervals import Interval

MISSING: Pair = same("–")
"""Text of a figure that is None."""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
      text: what stands in it.
      note: smaller, below.
      sort: what the column is sorted by; None sorts by the text.
      tone: "good", "bad", "warn" or "".
      is_heading: whether the cell names its row.
      original: the program's own words, in English, which a reader can unfold; "" is none.
    """

    text: Pair
    note: Pair | None = None
    sort: float | None = None
    tone: str = ""
    is_heading: bool = False
    original: str = ""


@dataclass(frozen=True)
class Column:
    """A column; numbers are aligned to the right."""

    title: Pair
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table, which readers can sort where ``can_sort``.

    Attributes:
      name: id in the page.
      caption: what it shows, for screen readers.
      columns: the first one names the row.
      rows: each as long as ``columns``.
    """

    name: str
    caption: Pair
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    can_sort: bool = True


def heading(text: Pair, note: Pair | None = None) -> Cell:
    """Returns the first cell of a row."""
    return Cell(text, note, is_heading=True)


def number(value: float | None, note: Pair | None = None) -> Cell:
    """Returns a whole number with commas."""
    return Cell(MISSING if value is None else same(f"{value:,.0f}"), note, sort=value)


def share(value: float | None) -> Cell:
    """Returns a share as a percentage."""
    return Cell(MISSING if value is None else same(f"{value:.1%}"), sort=value)


def score(value: float | None, interval: Interval = None) -> Cell:
    """Returns a score with its interval below it, where there is one."""
    text = same(score_text(value, missing="–"))
    return Cell(text, interval_note(interval), sort=value)


def interval_note(interval: Interval) -> Pair | None:
    """Returns "0.610–0.963"; None where there is no interval."""
    return same(f"{interval[0]:.3f}–{interval[1]:.3f}") if interval else None


def signed_interval(interval: Interval) -> Pair | None:
    """Returns "+0.010 to +0.090"; None where there is no interval."""
    if not interval:
        return None
    low, high = (f"{end:+.3f}" for end in interval)
    return f"{low} ~ {high}", f"{low} to {high}"
