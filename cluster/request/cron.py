"""Cron expressions: Kubeflow and Vertex AI would take a wrong one, or refuse it once all is sent.

Kubeflow reads them with https://pkg.go.dev/github.com/robfig/cron, Vertex AI like Unix, with a time
zone before them (https://cloud.google.com/vertex-ai/docs/pipelines/schedule-pipeline-run).
"""

import re
from typing import NamedTuple

from schemas.errors import ConfigError


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week (Sunday is 0)", 0, 6, _DAYS),
)
_ITEM = re.compile(r"(?P<first>\*|\?|[0-9a-z]+)(-(?P<last>[0-9a-z]+))?(/(?P<step>[0-9]+))?")
_ZONE = re.compile(r"(CRON_)?TZ=[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


def check_cron(text: str, *, seconds_first: bool) -> None:
    """Raises ConfigError unless a cron expression is one.

    Args:
      text: five fields, or six; of five, a time zone may come first, as TZ=Asia/Seoul.
      seconds_first: whether there are six, as Kubeflow wants them.
    """
    parts = text.split()
    if not seconds_first and parts and _ZONE.fullmatch(parts[0]):
        parts = parts[1:]
    fields = _FIELDS if seconds_first else _FIELDS[1:]
    if len(parts) != len(fields):
        raise ConfigError(
            "--schedule takes a cron expression of five fields for Vertex AI, and of six, "
            f"seconds first, for Kubeflow. Received: {text}"
        )
    for part, field in zip(parts, fields, strict=True):
        for item in part.lower().split(","):
            if not _fits(item, field):
                raise ConfigError(
                    f"--schedule's {field.name} must be *, or numbers in "
                    f"{field.low}..{field.high}, with ranges as 1-5, steps as */2 and commas "
                    f"between them. Received: {part} in {text}"
                )


def _fits(item: str, field: _Field) -> bool:
    found = _ITEM.fullmatch(item)
    if found is None or found["step"] == "0":
        return False
    if found["first"] in "*?":
        return found["last"] is None
    first = _number(found["first"], field)
    last = first if found["last"] is None else _number(found["last"], field)
    return field.low <= first <= last <= field.high


def _number(text: str, field: _Field) -> int:
    """Returns a field's number; -1 for a text that is none."""
    if text in field.names:
        return field.low + field.names.index(text)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 5 else -1
