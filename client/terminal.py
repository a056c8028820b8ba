"""What a person sees on a terminal: that work goes on, and the answers as a table.

At 80 columns the picture has up to 36, and the answer the rest: as many of the likeliest
moods as fit, at most three. Hangul is two columns wide, which alignment has to count.
"""

import contextlib
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from client.backends.model import ModelInfo
from client.predict.predictions import FailedPrediction, Outcome, Prediction, best

_MOST_MOODS = 3
_LEAST_ANSWER_CELLS = 42
"""Two moods of AI Hub's fit into it."""
_LEAST_PICTURE_CELLS = 16
_PERCENT_CELLS = len("100.0%")
_GAP = 2


@contextlib.contextmanager
def at_work(stream: TextIO, words: str) -> Iterator[Callable[[str], None]]:
    """Shows ``words`` beside a spinner if the stream is a terminal; yields a way to change them."""
    spinner = Spinner("dots", words, style="cyan")
    # Not console.status: it would let what libraries print to Python's streams through.
    with Live(
        spinner,
        console=Console(file=stream, highlight=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield lambda changed: spinner.update(text=changed)


def print_table(stream: TextIO, rows: Sequence[Outcome], info: ModelInfo) -> None:
    """Prints the rows and what they sum up to.

    Args:
      stream: the terminal.
      rows: at least one.
      info: of the model that was asked.
    """
    console = Console(file=stream, highlight=False)
    folder = _common_folder([row.image for row in rows])
    names = [_shown(row.image[len(folder) :]) for row in rows]
    if folder:
        console.print(Text(f"in {_shown(folder)}", style="dim"), soft_wrap=True)
    widest = max(cell_len(name) for name in names)
    picture_cells = max(
        cell_len("picture"),
        min(widest, max(_LEAST_PICTURE_CELLS, console.width - _GAP - _LEAST_ANSWER_CELLS)),
    )
    mood_cells = max(cell_len(mood) for mood in info.moods)
    one = mood_cells + 1 + _PERCENT_CELLS + _GAP
    moods = min(_MOST_MOODS, max(1, (console.width - picture_cells) // one))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column("picture", width=picture_cells, overflow="fold")
    table.add_column("mood" + ", and the next likeliest" * (moods > 1), overflow="fold")
    for name, row in zip(names, rows, strict=True):
        table.add_row(name, _answer(row, moods, mood_cells))
    console.print(table)
    console.print(_summary(rows, info), soft_wrap=True)


def _answer(row: Outcome, moods: int, mood_cells: int) -> Text:
    if isinstance(row, FailedPrediction):
        return Text.assemble((row.error, "red"), f": {_shown(row.detail)}")
    answer = Text()
    for place, (mood, probability) in enumerate(best(row, moods)):
        percent = f"{probability:.1%}".rjust(_PERCENT_CELLS)
        gap = " " * _GAP if place else ""
        text = f"{gap}{set_cell_size(mood, mood_cells)} {percent}"
        answer.append(text, style="dim" if place else "bold")
    return answer


def _summary(rows: Sequence[Outcome], info: ModelInfo) -> Text:
    told = sum(isinstance(row, Prediction) for row in rows)
    sees = "" if info.resolution is None else f", which sees {info.resolution} pixels"
    count = f"{len(rows)} picture{'s' if len(rows) > 1 else ''}"
    state = "" if told == len(rows) else f", {len(rows) - told} without an answer"
    return Text.assemble(
        "\n",
        (f"{count}{state}", "" if told == len(rows) else "yellow"),
        (f"\nasked {_shown(info.source)}{sees}", "dim"),
    )


def _common_folder(names: Sequence[str]) -> str:
    """Returns the folder that all pictures lie in, ending in a slash; "" for a single one."""
    folders = [name.rpartition("/")[0] for name in names]
    same_start = len({name.startswith("/") for name in names}) == 1
    folder = f"{os.path.commonpath(folders)}/" if len(names) > 1 and same_start else "/"
    # commonpath tidies what it returns: "./a//b" becomes "a/b", which begins no name.
    return folder if folder != "/" and all(name.startswith(folder) for name in names) else ""


def _shown(text: str) -> str:
    """Returns ``text`` as it can be shown: composed, and what does not print as an escape."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in composed)
