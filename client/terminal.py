"""Output for a person at a terminal: a progress line, and the outcomes as a table.

At 80 columns the picture's name has up to 36, and the moods the rest: as many of the likeliest
as fit, at most three. Hangul is two columns wide, which alignment has to count. A question mark
behind a probability says that the answer is unsure.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.live import Live
from rich.table import Table
from rich.text import Text

from client.backends.model import ModelInfo
from client.predict.predictions import FailedPrediction, Outcome, Prediction, likeliest_moods
from schemas import signatures
from system.printable import printable
from system.terminal import console_on, shown, spinner_on

_MAX_MOODS = 3
_MIN_MOODS_CELLS = 42
"""Columns of the terminal for two of AI Hub's moods."""
_MIN_PICTURE_CELLS = 16
_PERCENT_CELLS = len("100.0%")
_GAP = 2
_UNSURE = "?"


@contextlib.contextmanager
def spinner(stream: TextIO, text: str) -> Iterator[Callable[[str], None]]:
    """Shows a spinner with a text if the stream is a terminal.

    Yields:
      A function that replaces the text.
    """
    console = console_on(stream)
    live_spinner = spinner_on(console, text)
    # Not console.status: it would let what libraries print to Python's streams through.
    with Live(
        live_spinner,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield lambda new_text: live_spinner.update(text=shown(new_text))


def print_table(stream: TextIO, outcomes: Sequence[Outcome], info: ModelInfo) -> None:
    """Prints the outcomes and a summary.

    Args:
      stream: the terminal.
      outcomes: at least one.
      info: of the model.
    """
    console = console_on(stream)
    folder = _common_folder([one.image for one in outcomes])
    names = [printable(one.image[len(folder) :]) for one in outcomes]
    if folder:
        console.print(Text(f"in {printable(folder)}", style="dim"), soft_wrap=True)

    # Widths, in columns of the terminal.
    widest_name = max(cell_len(name) for name in names)
    picture_cells = max(
        cell_len("picture"),
        min(widest_name, max(_MIN_PICTURE_CELLS, console.width - _GAP - _MIN_MOODS_CELLS)),
    )
    mood_cells = max(cell_len(printable(name)) for name in info.mood_names)
    cells_per_mood = mood_cells + 1 + _PERCENT_CELLS + _GAP
    num_moods = min(_MAX_MOODS, max(1, (console.width - picture_cells) // cells_per_mood))

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column("picture", width=picture_cells, overflow="fold")
    table.add_column("mood" + ", and the next likeliest" * (num_moods > 1), overflow="fold")
    for name, outcome in zip(names, outcomes, strict=True):
        table.add_row(Text(name), _outcome_text(outcome, num_moods, mood_cells))
    console.print(table)
    console.print(_summary(outcomes, info), soft_wrap=True)


def _outcome_text(outcome: Outcome, num_moods: int, mood_cells: int) -> Text:
    if isinstance(outcome, FailedPrediction):
        return Text.assemble((printable(outcome.error), "red"), f": {printable(outcome.detail)}")
    text = Text()
    for rank, (mood, probability) in enumerate(likeliest_moods(outcome, num_moods)):
        percent = f"{probability:.1%}".rjust(_PERCENT_CELLS)
        text.append(
            f"{set_cell_size(printable(mood), mood_cells)} {percent}",
            style="dim" if rank else "bold",
        )
        # In the first of the gap's columns.
        mark = _UNSURE if outcome.unsure and not rank else ""
        text.append(mark.ljust(_GAP), style="yellow")
    text.rstrip()
    if outcome.box is not None and outcome.box_source == signatures.BOX_FOUND:
        text.append(f"\nanimal found at {','.join(map(str, outcome.box))}", style="dim")
    return text


def _summary(outcomes: Sequence[Outcome], info: ModelInfo) -> Text:
    failed = sum(not isinstance(one, Prediction) for one in outcomes)
    pictures = f"{len(outcomes)} picture{'s' if len(outcomes) > 1 else ''}"
    without_mood = f", {failed} without a mood" if failed else ""
    unsure = sum(isinstance(one, Prediction) and one.unsure is True for one in outcomes)
    unsure_text = f", {unsure} unsure ({_UNSURE})" if unsure else ""
    resolution = "" if info.resolution is None else f", input {info.resolution} pixels"
    return Text.assemble(
        "\n",
        (f"{pictures}{without_mood}{unsure_text}", "yellow" if failed else ""),
        (f"\nmodel {printable(info.source)}{resolution}", "dim"),
    )


def _common_folder(names: Sequence[str]) -> str:
    """Returns the folder that contains all pictures, ending in a slash; "" for a single one."""
    folders = [name.rpartition("/")[0] for name in names]
    same_start = len({name.startswith("/") for name in names}) == 1
    folder = f"{os.path.commonpath(folders)}/" if len(names) > 1 and same_start else "/"
    # commonpath simplifies: "./a//b" becomes "a/b", which is not the start of any name.
    return folder if folder != "/" and all(name.startswith(folder) for name in names) else ""
