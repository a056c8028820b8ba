"""Reads a settings file: YAML that somebody else may have written.

It is data and nothing more: ``${...}`` is text, tags make no objects, and aliases, by which a
kilobyte becomes gigabytes ("billion laughs"), are refused.
"""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError

_MAX_BYTES = 1 << 18
_MAX_DEPTH = 8
"""Settings are two levels deep."""


def read_settings_file(path: Path) -> Mapping[Any, Any]:
    """Returns a settings file's names and values; {} for an empty file.

    Raises:
      ConfigError: it cannot be read, is not YAML 1.2, or has aliases or too many levels.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError(
                f"The settings file {path} must have at most {_MAX_BYTES >> 20} MiB. Received: more"
            )
        found = _parsed(content.decode("utf-8-sig"), path)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no settings file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}") from error
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ConfigError(
            f"The settings file {path} must hold names and values, such as "
            f'"train: {{epochs: 3}}". Received: {reprlib.repr(found)}'
        )
    return found


def _parsed(text: str, path: Path) -> Any:
    # Most command lines name no file, and need not wait for this.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    # YAML 1.2, so that 1e-3 is a number and "no" a text; a key that stands twice is an error.
    yaml = YAML(typ="safe", pure=True)
    try:
        _check_events(yaml.parse(text), path)
        return yaml.load(text)
    except ConfigError:
        raise
    except YAMLError as error:
        place = ""
        if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
            mark = error.problem_mark
            place = f" (line {mark.line + 1}, column {mark.column + 1})"
        problem = getattr(error, "problem", None) or error
        raise ConfigError(f"The settings file {path} is not YAML: {problem}{place}.") from error
    # Dates that do not exist and numbers of thousands of digits; a key that is a list.
    except (ValueError, TypeError, LookupError) as error:
        raise ConfigError(
            f"The settings file {path} has a value that cannot be read: {error}"
        ) from error


def _check_events(events: Any, path: Path) -> None:
    """Raises ConfigError for aliases and for too many levels, before anything is built of them."""
    from ruamel.yaml.events import (
        AliasEvent,
        CollectionEndEvent,
        CollectionStartEvent,
    )

    depth = 0
    for event in events:
        if isinstance(event, AliasEvent):
            raise ConfigError(
                f"The settings file {path} must not have aliases. Received: *{event.anchor} "
                f"(line {event.start_mark.line + 1}). Write the value out"
            )
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ConfigError(
                f"The settings file {path} must have at most {_MAX_DEPTH} levels. Received: more "
                f"(line {event.start_mark.line + 1})"
            )
