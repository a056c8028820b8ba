"""Jinja's environment for the pages and the model card."""

import functools
from pathlib import Path

import jinja2

from report import formatting

MISSING = "–"
"""Text of a figure that is None."""
_TEMPLATES = Path(__file__).parent / "templates"


def environment(*, autoescape: bool) -> jinja2.Environment:
    """Returns an environment with the filters that all templates have.

    Args:
      autoescape: for HTML; Markdown escapes by a filter of its own.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not autoescape,
    )
    made.filters |= {
        "score": functools.partial(formatting.score_text, missing=MISSING),
        "number": "{:,}".format,
    }
    return made
