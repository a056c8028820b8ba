"""CSVs of which there is one for each span of time: ``weekly/{SPAN}/train.csv``.

SPAN is TFX's word for a number that rises with time. TFX's own driver looks for the newest one on
Vertex AI alone, in gs:// alone, and wants each CSV to have one. So it is done here, before TFX's
driver and executor: they get the names as they are, and the driver's key of the cache is that of
the files.
"""

import json
import logging
import posixpath
import re
from typing import Any

from pipeline.container.task import Task
from pipeline.run_inputs import SPAN
from schemas.errors import DataRefusedError
from system import storage
from system.patterns import escaped, unescaped

_LOGGER = logging.getLogger(__name__)
_CONFIG, _BASE = "input_config", "input_base"
_MARK = escaped(SPAN)


def resolved(task: Task) -> Task:
    """Returns the task with the newest span in place of ``SPAN``; one without it as it is.

    The newest is the highest number of which every CSV with ``SPAN`` is there: one that is still
    being written is not taken as long as its last CSV is missing.

    Raises:
      DataRefusedError: there is none.
      OSError: the bucket does not answer.
    """
    text = task.parameter(_CONFIG)
    if not isinstance(text, str) or _MARK not in text:
        return task
    config: dict[str, Any] = json.loads(text)
    base = str(task.parameter(_BASE))
    splits = [split for split in config["splits"] if _MARK in split["pattern"]]
    names = newest(base, [unescaped(split["pattern"]) for split in splits])
    for split in splits:
        split["pattern"] = escaped(names[unescaped(split["pattern"])])
    return task.with_parameter(_CONFIG, json.dumps(config))


def newest(base: str, names: list[str]) -> dict[str, str]:
    """Returns, for each name with ``SPAN``, the one of the newest span.

    Args:
      base: folder that the names start from.
      names: each with one ``SPAN``.

    Raises:
      DataRefusedError: there is no span with a file for every name.
      OSError: the bucket does not answer.
    """
    found = [_by_span(base, name) for name in names]
    for span in sorted(set.intersection(*map(set, found)), reverse=True):
        files = {name: each[span] for name, each in zip(names, found, strict=True)}
        if all(storage.exists(posixpath.join(base, file)) for file in files.values()):
            _LOGGER.info("The newest span is %d: %s", span, ", ".join(files.values()))
            return files
    raise DataRefusedError(
        f"There must be a number for which all CSVs with {SPAN} are there. Received: "
        f"{', '.join(names)} below {base}, without one. Look at the names of files and folders"
    )


def _by_span(base: str, name: str) -> dict[int, str]:
    """Returns the names by span; what stands after the part with the span is not looked at."""
    before, _, after = name.partition(SPAN)
    folder, _, prefix = before.rpartition("/")
    suffix, slash, rest = after.partition("/")
    place = posixpath.join(base, folder) if folder else base
    spans = {}
    for path in storage.matching(f"{place}/{escaped(prefix)}*{escaped(suffix)}"):
        part = posixpath.basename(path)
        number = re.fullmatch(f"{re.escape(prefix)}([0-9]+){re.escape(suffix)}", part)
        if number:
            spans[int(number[1])] = f"{posixpath.join(folder, part)}{slash}{rest}"
    return spans
