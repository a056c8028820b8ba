"""The list of settings for ``--help``, made of the settings' own docstrings."""

import dataclasses
import inspect
import re
import textwrap
from typing import Any, cast

from pipeline.config import PRESETS, Settings

_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*): (?P<text>.*)$")


def settings_text(width: int = 78) -> str:
    """Returns every setting with its default and meaning, and what the presets change."""
    lines = ["settings (--set NAME=VALUE, or a YAML file given as --config):"]
    for part in dataclasses.fields(Settings):
        owner = cast(Any, part.default_factory)
        meanings = _attributes((inspect.getdoc(owner) or "").replace("``", ""))
        for leaf in dataclasses.fields(owner):
            lines.append(f"  {part.name}.{leaf.name} = {_written(leaf.default)}")
            lines += textwrap.wrap(
                meanings.get(leaf.name, ""),
                width,
                initial_indent=" " * 6,
                subsequent_indent=" " * 6,
                break_on_hyphens=False,
            )
    lines += ["", "presets (--preset NAME) and what they change:"]
    for name, make in PRESETS.items():
        lines += textwrap.wrap(
            f"{name}: {_changes(make(Settings()))}",
            width,
            initial_indent="  ",
            subsequent_indent=" " * 6,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _attributes(docstring: str) -> dict[str, str]:
    """Returns the texts of a Google-style ``Attributes:`` section by attribute."""
    _, _, section = docstring.partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in textwrap.dedent(section).splitlines():
        if entry := _ENTRY.match(line):
            names = entry["names"].split(", ")
            found.update(dict.fromkeys(names, entry["text"]))
        elif line.startswith(" "):
            for name in names:
                found[name] += " " + line.strip()
        else:
            break
    return found


def _changes(settings: Settings) -> str:
    default, changed = dataclasses.asdict(Settings()), dataclasses.asdict(settings)
    texts = [
        f"{part}.{name}={_written(value)}"
        for part, leaves in changed.items()
        for name, value in leaves.items()
        if value != default[part][name]
    ]
    return " ".join(texts) or "nothing"


def _written(value: object) -> str:
    """Returns a value as one would type it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
