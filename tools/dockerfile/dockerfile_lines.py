"""Reads a Dockerfile: its stages, what a stage needs, and what .dockerignore keeps out."""

import fnmatch
import io
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from dockerfile_parse import DockerfileParser


class Step(NamedTuple):
    """An instruction but FROM; ``line`` counts from 1."""

    line: int
    name: str
    value: str


class Stage(NamedTuple):
    """``base`` is a stage's name or an image's."""

    name: str
    base: str
    steps: list[Step]


def stages_of(text: str) -> dict[str, Stage]:
    """Returns the stages by name, in order.

    Raises:
      ValueError: a stage without a name, or an instruction before the first that is not ARG.
    """
    parser = DockerfileParser(fileobj=io.BytesIO(text.encode("utf-8")))
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for entry in parser.structure:
        name, value = entry["instruction"], entry["value"]
        if name == "COMMENT":
            continue
        if name == "FROM":
            base, word, alias = [*filled(value, arguments).split(), "", ""][:3]
            if word.upper() != "AS":
                raise ValueError(f"A stage must have a name. Received: FROM {value}")
            stages[alias] = Stage(alias, base, [])
        elif stages:
            list(stages.values())[-1].steps.append(Step(entry["startline"] + 1, name, value))
        elif name == "ARG":
            key, _, default = value.partition("=")
            arguments[key] = default
        else:
            raise ValueError(f"Only ARG may stand before FROM. Received: {name}")
    return stages


def needed_for(target: str, stages: Mapping[str, Stage]) -> list[Stage]:
    """Returns the stages that a stage is made of, each after those that it needs."""
    found: dict[str, Stage] = {}

    def visit(name: str) -> None:
        if name not in stages or name in found:
            return
        stage = stages[name]
        visit(stage.base)
        for step in stage.steps:
            if step.name == "COPY":
                visit(copied(step.value).origin)
        found[name] = stage

    visit(target)
    return list(found.values())


class Copy(NamedTuple):
    """``origin`` is the stage or image that the sources are of; empty for the project."""

    origin: str
    sources: list[str]
    to: str


def copied(value: str) -> Copy:
    """Returns what a COPY says.

    Raises:
      ValueError: a flag other than --from.
    """
    words = shlex.split(value)
    flags = [word for word in words if word.startswith("--")]
    *sources, to = [word for word in words if not word.startswith("--")]
    origin = ""
    for flag in flags:
        if not flag.startswith("--from="):
            raise ValueError(f"COPY is only known with --from. Received: {flag}")
        origin = flag.removeprefix("--from=")
    return Copy(origin, sources, to)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Returns the text with $NAME and ${NAME} filled in; unknown ones become empty."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), text)


def variables(value: str, before: Mapping[str, str]) -> dict[str, str]:
    """Returns what an ENV sets, each filled in with what was set before it."""
    pairs = (word.partition("=") for word in shlex.split(value))
    return {name: filled(text, before) for name, _, text in pairs}


def command(value: str) -> list[str]:
    """Returns the words of RUN, CMD and ENTRYPOINT: a JSON list, or a line for the shell."""
    if value.startswith("["):
        words: list[str] = json.loads(value)
        return words
    return ["/bin/sh", "-c", value]


def is_ignored(path: str, rules: str) -> bool:
    """Says whether .dockerignore keeps a file out; the last rule that fits decides.

    Args:
      path: of the file, from the project's root.
      rules: the text of .dockerignore.
    """
    parts = PurePosixPath(path)
    names = [str(parts), *(str(parent) for parent in parts.parents if parent.name)]
    ignored = False
    for line in rules.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("/").rstrip("/")
        anywhere = pattern.removeprefix("**/")
        if any(
            fnmatch.fnmatchcase(name, pattern)
            or (anywhere != pattern and fnmatch.fnmatchcase(PurePosixPath(name).name, anywhere))
            for name in names
        ):
            ignored = not rule.startswith("!")
    return ignored
