"""argparse with help in parts, hints for mistyped flags, and completion in the shell."""

import argparse
import difflib
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from schemas.version import VERSION
from system.home import ensure_home
from system.printable import error_line
from system.streams import escape_what_cannot_be_written

_UNKNOWN = "unrecognized arguments: "
_WIDEST = 100
"""Columns: longer lines are hard to read."""


class CommandLine(argparse.ArgumentParser):
    """A parser whose ``--help`` fits a screen, and ``--help TOPIC`` tells the rest."""

    def __init__(
        self,
        doc: str,
        usage: str,
        *,
        topics: Mapping[str, Callable[[int], str]] | None = None,
        flag_hint: Callable[[str], str] = lambda flag: "",
        prog: str | None = None,
    ) -> None:
        """Creates a parser with ``--help`` and ``--version``.

        Args:
          doc: text above the flags; its paragraphs are filled to the terminal's width, but for
            those that begin with a blank.
          usage: what follows the program's name in the line about usage.
          topics: text below the flags by topic, given the width; "" belongs to ``--help`` alone,
            the others to ``--help TOPIC``, which shows no flags.
          flag_hint: what to say of an unknown flag that stands for something else, or "".
          prog: name of the program, if it is not the script's.
        """
        super().__init__(
            prog=prog,
            usage=f"%(prog)s {usage}",
            formatter_class=_Filled,
            allow_abbrev=False,
            add_help=False,
        )
        self._doc = doc
        self._topics = dict(topics or {})
        self._flag_hint = flag_hint
        names = ", ".join(name for name in self._topics if name)
        self.add_argument(
            "-h",
            "--help",
            action=_Help,
            nargs="?" if names else 0,
            const="",
            metavar="TOPIC",
            help="show this help" + (f", or help on a topic: {names}" if names else ""),
        )
        self.add_argument("--version", action="version", version=VERSION, help="show the version")

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        """Parses; inside a shell's completion it prints the candidates and exits."""
        self._prepare()
        return super().parse_args(args, namespace)

    def parse_intermixed_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        """The same where flags may stand between arguments."""
        self._prepare()
        return super().parse_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Prints what is wrong in one line and exits with 2."""
        if message.startswith(_UNKNOWN):
            message = self._unknown(message.removeprefix(_UNKNOWN).split())
        sys.stderr.write(error_line(message))
        sys.exit(2)

    def help_on(self, topic: str) -> str:
        """Returns the help on a topic; "" is the first page.

        Raises:
          KeyError: there is no such topic.
        """
        width = _width()
        if topic:
            return self._topics[topic](width).rstrip("\n") + "\n"
        self.description = self._doc
        more = self._topics.get("")
        return self.format_help() + (f"\n{more(width)}" if more else "")

    def topic_error(self, topic: str) -> NoReturn:
        """Says that there is no such topic, and exits with 2."""
        known = [name for name in self._topics if name]
        self.error(f"--help takes one of {', '.join(known)}. Received: {topic}")

    def _unknown(self, words: Sequence[str]) -> str:
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        if not flags:
            return f"There is no argument {words[0]!r}. See --help"
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        near = difflib.get_close_matches(flags[0], known, n=3, cutoff=0.7)
        suggested = f"Did you mean {' or '.join(near)}?" if near else "See --help"
        return f"There is no flag {flags[0]}. {self._flag_hint(flags[0]) or suggested}"

    def _prepare(self) -> None:
        """Makes the process fit for any output and for libraries that look for a home folder."""
        escape_what_cannot_be_written()
        ensure_home()
        self._complete()

    def _complete(self) -> None:
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(self, always_complete_options="long")


class _Filled(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return textwrap.indent(filled(text, width - len(indent)), indent)


class _Help(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        try:
            text = parser.help_on(values or "")
        except KeyError:
            parser.topic_error(values)
        sys.stdout.write(text)
        sys.exit(0)


def filled(text: str, width: int) -> str:
    """Returns a text with its paragraphs filled to a width.

    Paragraphs whose first line begins with a blank stay as they are: they are commands and tables.
    """
    return "\n\n".join(
        part if part.startswith(" ") else textwrap.fill(" ".join(part.split()), width)
        for part in text.strip("\n").split("\n\n")
    )


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST) - 2
