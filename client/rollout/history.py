"""The history of a configuration, in a file beside it: what was stable before.

A line is added before the configuration is written. After a crash between the two the history is
one step ahead, which ``stable_before`` allows for.
"""

import datetime
from pathlib import Path

from client.rollout.models_config import STABLE, Served
from schemas.documents.serving import Command, RolloutStep
from system import json_lines

ENDING = ".history.jsonl"
"""Of the file's name, after that of the configuration."""


def file_of(config: Path) -> Path:
    """Returns the path of a configuration's history."""
    return config.with_name(config.name + ENDING)


def read(config: Path) -> list[RolloutStep]:
    """Returns the steps, the oldest first.

    Raises:
      ConfigError: the file cannot be read.
    """
    return json_lines.read(
        file_of(config),
        _step,
        each="change",
        remedy="Take it from a copy, or move it away: rollback then needs a version",
    )


def add(config: Path, command: Command, served: Served) -> None:
    """Adds a step, with the present time."""
    step: RolloutStep = {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": command,
        "versions": list(served.versions),
        "labels": dict(served.labels),
    }
    json_lines.write(file_of(config), [*read(config), step])


def stable_before(steps: list[RolloutStep], stable: int) -> int | None:
    """Returns the version that was stable before this one; None if the history has none.

    A rollback takes the last one away, so that the next goes one further back.

    Args:
      steps: the oldest first.
      stable: the version that the configuration's label points to now.
    """
    stack: list[int] = []
    for step in steps:
        number = step["labels"].get(STABLE)
        if number is None:
            continue
        if step["command"] == "rollback" and number in stack:
            del stack[len(stack) - stack[::-1].index(number) :]
        elif stack[-1:] != [number]:
            stack.append(number)
    if stable in stack:
        del stack[len(stack) - 1 - stack[::-1].index(stable) :]
    return stack[-1] if stack else None


def _step(step: RolloutStep) -> RolloutStep:
    if not isinstance(step["labels"], dict) or not isinstance(step["command"], str):
        raise ValueError(step)
    return step
