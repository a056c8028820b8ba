"""Parser of Dockerfiles: stages, instructions, and the rules of .dockerignore."""

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
    """An instruction other than FROM; ``line`` counts from 1."""

    line: int
    name: str
    value: str


class Stage(NamedTuple):
    """A part of a Dockerfile that FROM begins; ``base`` is the name of a stage or of an image."""

    name: str
    base: str
    steps: list[Step]


def parse_stages(text: str) -> dict[str, Stage]:
    """Returns the stages of a Dockerfile by name, in order.

    Raises:
      ValueError: a stage without a name, or an instruction before the first that is not ARG.
    """
    parser = DockerfileParser(fileobj=io.BytesIO(text.encode("utf-8")))
    build_arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for entry in parser.structure:
        name, value = entry["instruction"], entry["value"]
        if name == "COMMENT":
            continue
        if name == "FROM":
            base, keyword, alias = [*substitute(value, build_arguments).split(), "", ""][:3]
            if keyword.upper() != "AS":
                raise ValueError(f"A stage must have a name. Received: FROM {value}")
            stages[alias] = Stage(alias, base, [])
        elif stages:
            list(stages.values())[-1].steps.append(Step(entry["startline"] + 1, name, value))
        elif name == "ARG":
            key, _, default = value.partition("=")
            build_arguments[key] = default
        else:
            raise ValueError(f"Only ARG may stand before FROM. Received: {name}")
    return stages


def required_stages(target: str, stages: Mapping[str, Stage]) -> list[Stage]:
    """Returns a stage and all that it is built from, each after those that it needs."""
    required: dict[str, Stage] = {}

    def visit(name: str) -> None:
        if name not in stages or name in required:
            return
        stage = stages[name]
        visit(stage.base)
        for step in stage.steps:
            if step.name == "COPY":
                visit(parse_copy(step.value).origin)
        required[name] = stage

    visit(target)
    return list(required.values())


class Copy(NamedTuple):
    """A COPY instruction; ``origin`` is the sources' stage or image, empty for the project."""

    origin: str
    sources: list[str]
    target: str


def parse_copy(value: str) -> Copy:
    """Parses the value of a COPY instruction.

    Raises:
      ValueError: a flag other than --from.
    """
    words = shlex.split(value)
    flags = [word for word in words if word.startswith("--")]
    *sources, target = [word for word in words if not word.startswith("--")]
    origin = ""
    for flag in flags:
        if not flag.startswith("--from="):
            raise ValueError(f"COPY must have no flag but --from. Received: {flag}")
        origin = flag.removeprefix("--from=")
    return Copy(origin, sources, target)


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Returns the text with values for $NAME and ${NAME}; unknown names become empty."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], ""), text)


def parse_env(value: str, defined: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that an ENV instruction sets.

    Args:
      value: of the instruction.
      defined: the variables that are set already; they are substituted.
    """
    pairs = (word.partition("=") for word in shlex.split(value))
    return {name: substitute(text, defined) for name, _, text in pairs}


def parse_command(value: str) -> list[str]:
    """Returns the arguments of RUN, CMD or ENTRYPOINT: a JSON list, or a line for the shell."""
    if value.startswith("["):
        arguments: list[str] = json.loads(value)
        return arguments
    return ["/bin/sh", "-c", value]


def is_ignored(path: str, rules: str) -> bool:
    """Returns whether .dockerignore excludes a file; the last rule that matches decides.

    Args:
      path: of the file, relative to the project's root.
      rules: the text of .dockerignore.
    """
    file = PurePosixPath(path)
    names = [str(file), *(str(parent) for parent in file.parents if parent.name)]
    ignored = False
    for line in rules.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("/").rstrip("/")
        base_pattern = pattern.removeprefix("**/")
        if any(
            fnmatch.fnmatchcase(name, pattern)
            or (
                base_pattern != pattern
                and fnmatch.fnmatchcase(PurePosixPath(name).name, base_pattern)
            )
            for name in names
        ):
            ignored = not rule.startswith("!")
    return ignored
