"""Paths where a library expects a pattern.

TensorFlow matches by fnmatch, which knows ``* ? [`` and the backslash; TFX's ExampleGen also takes
``{SPAN}``, ``{YYYY}`` and the like out of a pattern. Beam knows ``* ? [`` and no way to quote them.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator

SPECIAL = "*?[\\"
"""Characters that a folder must not have if Beam or TensorFlow is to look for files in it."""


def escaped(path: str) -> str:
    """Returns the pattern for TensorFlow and TFX that matches this path alone."""
    return "".join(_ESCAPES.get(char, char) for char in path)


def unescaped(pattern: str) -> str:
    """Returns the path that ``escaped`` has made a pattern of."""
    return re.sub(r"\[([*?[{])\]|\\(\\)", lambda found: found[1] or found[2], pattern)


_ESCAPES = {"\\": "\\\\"} | {char: f"[{char}]" for char in "*?[{"}


@contextlib.contextmanager
def plain(path: str) -> Iterator[str]:
    """Yields another path to a local file or folder, which is no pattern.

    It is a link for the time of the block: TensorFlow looks for a SavedModel's variables by a
    pattern of its path, which cannot be quoted. A path that is none is yielded as it is.
    """
    if escaped(path) == path or "://" in path:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "linked")
        os.symlink(os.path.abspath(path), link)
        yield link
