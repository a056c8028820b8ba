"""The documents of all runs of an output folder, in its folder ``runs``.

``run.json`` and ``report.json`` are those of the last run. Each run's ``report.json`` is kept under
its start as well, some 50 kB, so that runs can be compared and their trend be drawn.
"""

import datetime
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.documents.intervals import Interval
from schemas.documents.run import Report
from system.files import write_whole

FOLDER = "runs"
SHOWN = 12
"""Runs in the trend, this one included."""
_READ_FOR_EACH = 4
"""Documents that are read at most for a run of the trend: those without scores are not shown."""
_NAME = re.compile(r"[0-9]{8}-[0-9]{6}\.json")
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class PastRun:
    """A run that has come to scores.

    Attributes:
      name: of its file, without the ending.
      started: local time of its start.
      ending: see ``schemas.documents.run.Ending``.
      macro_f1: of its model.
      interval: of that.
      gain: macro-F1 over always answering the commonest mood.
      rows: rows that judged it.
      settings: all of them, by group.
    """

    name: str
    started: str
    ending: str
    macro_f1: float
    interval: Interval
    gain: float | None
    rows: int
    settings: Mapping[str, Mapping[str, object]]


def keep(folder: Path, report: Report) -> Path:
    """Writes the document of a run beside those of the runs before, and returns its path."""
    started = datetime.datetime.fromisoformat(report["record"]["started"])
    path = folder / FOLDER / f"{started:%Y%m%d-%H%M%S}.json"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return path


def recent(folder: Path | None, most: int = SHOWN) -> list[PastRun]:
    """Returns the last runs of an output folder that have scores, the newest last.

    No more than a few files are read, however many there are. One that cannot be read is logged
    and left out.
    """
    runs: list[PastRun] = []
    paths = sorted((folder / FOLDER).glob("*.json"), reverse=True) if folder else []
    for path in paths[: _READ_FOR_EACH * most]:
        try:
            run = _past_run(path.stem, json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            _LOGGER.warning("%s is no run's document, and is left out of the trend", path)
            continue
        if run is not None:
            runs.append(run)
        if len(runs) == most:
            break
    return runs[::-1]


def documents_beyond_trend(folder: Path, least: int) -> tuple[list[Path], list[Path]]:
    """Returns the documents that the trend may read, and the older ones; both the newest first.

    Args:
      folder: the output folder.
      least: so many count as read at least.
    """
    paths = (folder / FOLDER).glob("*.json")
    mine = sorted((path for path in paths if _NAME.fullmatch(path.name)), reverse=True)
    read = max(least, _READ_FOR_EACH * SHOWN)
    return mine[:read], mine[read:]


def _past_run(name: str, report: Mapping[str, Any]) -> PastRun | None:
    metrics = report["metrics"]
    if metrics is None:
        return None
    model = metrics["model"]
    return PastRun(
        name=name,
        started=report["record"]["started"],
        ending=report["ending"],
        macro_f1=model["macro_f1"],
        interval=model["intervals"]["macro_f1"],
        gain=metrics["gain"].get("majority", {}).get("macro_f1"),
        rows=metrics["rows"],
        settings=report["record"]["settings"] or {},
    )
