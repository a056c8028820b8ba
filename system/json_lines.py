"""A log of JSON objects, one a line, that is read and written whole."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from schemas.errors import ConfigError
from system.files import write_whole

Entry = TypeVar("Entry", bound=Mapping[str, object])


def read(path: Path, check: Callable[[Entry], Entry], each: str, remedy: str) -> list[Entry]:
    """Returns the entries of a log, the oldest first; none if the file does not exist.

    Args:
      path: of the log.
      check: returns an entry; raises ValueError, KeyError or TypeError if it is not one.
      each: what an entry is for, for the message.
      remedy: what to do about a log that cannot be read, for the message.

    Raises:
      ConfigError: the log cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [check(json.loads(line)) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} must have a JSON object for each {each} in a line of its own. "
            f"Received: {error!r}. {remedy}"
        ) from error


def write(path: Path, entries: list[Entry]) -> None:
    """Writes a log whole: a crash leaves the old one or the new one."""
    write_whole(path, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries))
