"""Rich's consoles and spinners as every command uses them: names are shown letter by letter."""

from typing import TextIO

from rich.console import Console
from rich.spinner import Spinner
from rich.text import Text

from system.printable import printable


def console_on(stream: TextIO, *, force_terminal: bool | None = None) -> Console:
    """Returns a console without markup.

    Rich would take ``[bold]`` in a file's name for its own language, ``[/b]`` for an error in it,
    and ``:cat:`` for an emoji.

    Args:
      stream: to write to.
      force_terminal: False writes plain lines; None looks at the stream.
    """
    return Console(
        file=stream, highlight=False, markup=False, emoji=False, force_terminal=force_terminal
    )


def spinner_on(console: Console, text: str = "") -> Spinner:
    """Returns a spinner of characters that the console's encoding has."""
    is_utf = (console.encoding or "").lower().startswith("utf")
    return Spinner("dots" if is_utf else "line", shown(text), style="cyan")


def shown(text: str) -> Text:
    """Returns others' text for a console: no markup, and escapes for what a terminal obeys."""
    return Text(printable(text))
