"""The code blocks and inline code of a page in Markdown, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from testing.paths import ROOT

INDENTED = ""
"""Language of a block that is set in by four blanks."""
_FENCE = re.compile(r"^ *```(\w*)\s*$")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ASSIGNMENT = re.compile(r"^\w+=")
_BETWEEN = re.compile(r"^(?:&&|\|\|?|;|&)$")
_REDIRECTION = re.compile(r"^(?:>>?|<)$")
_KEYWORDS = re.compile(r"^(?:for \w+ in .*; do|done)$")


class Block(NamedTuple):
    """A code block.

    Attributes:
      page: its path from the project's folder.
      line: number of its first line, from 1.
      language: of a fence, or ``INDENTED``.
      text: without the indentation that all lines have.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def first(self) -> str:
        """Its first line, by which tables name it."""
        return self.text.partition("\n")[0]


def blocks_of(page: Path) -> list[Block]:
    """Returns the code blocks of a page, in order."""
    return list(_blocks(page.relative_to(ROOT).as_posix(), page.read_text("utf-8")))


def _blocks(page: str, text: str) -> Iterator[Block]:
    lines = [*text.splitlines(), ""]
    number = 0
    while number < len(lines):
        start = number
        if fence := _FENCE.match(lines[number]):
            number += 1
            while not _FENCE.match(lines[number]):
                number += 1
            yield Block(page, start + 2, fence[1], _dedented(lines[start + 1 : number]))
        elif lines[number].startswith("    ") and not lines[number - 1].strip():
            while number < len(lines) and (lines[number].startswith("    ") or not lines[number]):
                number += 1
            yield Block(page, start + 1, INDENTED, _dedented(lines[start:number]).rstrip("\n"))
            continue
        number += 1


def _dedented(lines: list[str]) -> str:
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines)


def spans_of(page: Path) -> list[str]:
    """Returns the inline code of a page; a line break in it is a blank."""
    kept: list[str] = []
    is_code = False
    for line in page.read_text("utf-8").splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code and not line.startswith("    "):
            kept.append(line)
    return [" ".join(span.split()) for span in _SPAN.findall("\n".join(kept))]


def commands_of(block: Block) -> list[str]:
    """Returns the lines of a block, with those that a backslash continues joined."""
    joined = re.sub(r"\\\n\s*", "", block.text)
    return [line.strip() for line in joined.splitlines() if line.strip()]


def programs_of(line: str, variables: dict[str, str]) -> Iterator[list[str]]:
    """Yields the words of each program that a shell's line starts.

    Assignments in front, redirections and an ellipsis at the end are left out.

    Args:
      line: such as ``A=1 first --flag x | second > file``.
      variables: the shell's so far; an assignment that stands alone is added.
    """
    if _KEYWORDS.match(line):
        return
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    reader.whitespace_split = True
    reader.commenters = ""
    words: list[str] = []
    skip = False
    for word in [*reader, ";"]:
        if skip:
            skip = False
        elif _REDIRECTION.match(word):
            skip = True
        elif not _BETWEEN.match(word):
            words.append(word)
        elif words:
            yield from _without_assignments(words, variables)
            words = []


def _without_assignments(words: list[str], variables: dict[str, str]) -> Iterator[list[str]]:
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        if not words:
            variables[name] = value
            return
    while words and words[-1] in ("…", "..."):
        words = words[:-1]
    if words:
        yield words
