"""JSON that others may have written, cut short or altered: every fault of it is a ValueError."""

import json
from collections import Counter
from pathlib import Path

MAX_BYTES = 16 << 20
"""Largest file that is read; the project's own documents have some kilobytes."""


def read(path: Path) -> str:
    """Returns a file's text, without a byte order mark.

    Raises:
      OSError: it cannot be read.
      ValueError: it is not UTF-8, or larger than ``MAX_BYTES``.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES >> 20} MiB")
    return content.decode("utf-8-sig")


def read_object(path: Path) -> dict[str, object]:
    """Returns the names and values of a file that holds one JSON object.

    Raises:
      OSError: it cannot be read.
      ValueError: as ``read`` and ``parsed``, or it holds another value.
    """
    found = parsed(read(path))
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")
    return found


def parsed(text: str) -> object:
    """Returns the value of a JSON text.

    Raises:
      ValueError: it is not JSON, is nested too deeply, or an object has a name twice, of which
        Python's ``json`` would silently keep the last.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"it has the name {ascii(twice)[:100]} twice")
    return found
