"""Parts of the summary's tables."""

from rich.table import Table

_MAX_MESSAGE_LENGTH = 400
"""Characters."""


def plain_table() -> Table:
    """Returns an empty table without lines, with two spaces between its columns."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def last_line(message: str) -> str:
    """Returns the last line of a message, shortened: in a traceback it says most."""
    line = next((line for line in reversed(message.splitlines()) if line.strip()), "")
    return line if len(line) <= _MAX_MESSAGE_LENGTH else line[:_MAX_MESSAGE_LENGTH] + " ..."
