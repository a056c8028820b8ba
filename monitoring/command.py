"""One call of ``monitor.py drift``: from its flags to the exit code."""

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitoring.comparisons import read_tolerances
from monitoring.findings import document_of
from monitoring.reference import (
    Reference,
    RunFiles,
    find_run_files,
    read_reference,
    reference_from_log,
)
from monitoring.requests import log_files, read_requests
from monitoring.settings import DriftSettings
from monitoring.watch import Watch
from report.drift import page
from report.drift.words import markdown
from schemas.errors import ConfigError
from schemas.exit_codes import MonitorExit
from schemas.settings import settings_from
from system.files import write_whole
from system.printable import error_line

JSON_FILE, MARKDOWN_FILE, HTML_FILE = "drift.json", "drift.md", "drift.html"
_CODES = {
    "steady": MonitorExit.STEADY,
    "drift": MonitorExit.DRIFT,
    "too_few": MonitorExit.TOO_FEW,
}


@dataclass(frozen=True)
class DriftRequest:
    """Values of the flags of ``monitor.py drift``.

    Attributes:
      log: folder of the request log.
      run: output folder of the model's run; None if ``predictions`` is given.
      predictions: the run's table of predictions.
      reference: folder of an accepted log, which takes the place of the eval rows.
      version: of the model; None reads all.
      since, until: times as ISO 8601 has them.
      out: folder for the documents; None is the log's.
      json: whether the document is printed in place of the words.
      overrides: settings as ``name=value``.
    """

    log: Path
    run: Path | None = None
    predictions: Path | None = None
    reference: Path | None = None
    version: int | None = None
    since: str | None = None
    until: str | None = None
    out: Path | None = None
    json: bool = False
    overrides: tuple[str, ...] = ()


def run(request: DriftRequest) -> int:
    """Compares a log with its reference, writes what is found and returns the exit code."""
    try:
        return _run(request)
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return MonitorExit.CONFIG


def _run(request: DriftRequest) -> int:
    (settings,) = settings_from((DriftSettings,), request.overrides)
    assert isinstance(settings, DriftSettings)
    since, until = _time("--since", request.since), _time("--until", request.until)
    tolerances = read_tolerances()
    files = log_files(request.log)
    reference = _reference(request, settings)
    watch = Watch(reference, tolerances, settings)
    of_run = request.reference is None
    for batch in read_requests(files, reference.moods, request.version, since, until, of_run):
        watch.add(batch)
    found = document_of(watch, reference, tolerances, settings, request.version)
    out = request.out or request.log
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / JSON_FILE, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        write_whole(out / MARKDOWN_FILE, markdown(found))
        write_whole(out / HTML_FILE, page.render(found))
    except OSError as error:
        raise ConfigError(
            f"--out must be a folder that can be written. Received: {out} ({error.strerror})"
        ) from error
    sys.stdout.write(
        json.dumps(found, ensure_ascii=False) + "\n" if request.json else markdown(found)
    )
    return _CODES[found["verdict"]]


def _reference(request: DriftRequest, settings: DriftSettings) -> Reference:
    if (request.run is None) == (request.predictions is None):
        raise ConfigError("Either --run or --predictions must name the model's run")
    files = (
        find_run_files(request.run)
        if request.run is not None
        else RunFiles(request.predictions or Path(), None)
    )
    rng = np.random.default_rng(settings.seed)
    run_reference = read_reference(files, settings.reference_rows, rng)
    if request.reference is None:
        return run_reference
    rows = read_requests(log_files(request.reference), run_reference.moods, request.version)
    return reference_from_log(
        run_reference, rows, str(request.reference), settings.reference_rows, rng
    )


def _time(flag: str, text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{flag} must be a time such as 2026-03-01 or 2026-03-01T12:00:00+09:00. Received: "
            f"{text!r}"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)
