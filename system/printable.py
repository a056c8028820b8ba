"""Texts of others on a terminal: what could move its cursor or hide letters is shown as escapes."""

import unicodedata


def printable(text: str, keep: str = "") -> str:
    r"""Returns ``text`` in NFC, with escapes such as ``\x1b`` for what cannot be printed.

    These are control characters, which a terminal obeys, marks that turn the direction of writing
    (https://www.unicode.org/reports/tr9/, section 2), invisible characters, and lone surrogates,
    which stand for bytes of file names that are not UTF-8.

    Args:
      text: from a file's name, a file or a server.
      keep: characters that are passed on, such as a line end.
    """
    return "".join(
        char if char.isprintable() or char in keep else ascii(char)[1:-1]
        for char in unicodedata.normalize("NFC", text)
    )


def error_line(error: object) -> str:
    """Returns the line, or lines, that tell a user of an error."""
    return f"error: {printable(str(error), keep=chr(10))}\n"
