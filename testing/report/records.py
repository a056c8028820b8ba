"""The record of a small run, for the tests to change."""

from pipeline.config import Settings
from schemas.documents.run import Run
from schemas.splits import EVAL

STARTED = "2026-11-23T06:15:00+00:00"


def record(settings: Settings, exit_code: int | None = 0) -> Run:
    """Returns ``run.json`` of a run of 83 s that named no files."""
    return {
        "exit": exit_code,
        "smoke_test": False,
        "error": None,
        "started": STARTED,
        "seconds": 83.0,
        "log": "/out/logs/20261123-061500.log",
        "rows": {},
        "chosen_on": EVAL,
        "csvs": {},
        "rejects_csv": None,
        "leaks": {},
        "tuner": None,
        "checkpoint": None,
        "metrics": {},
        "metrics_json": None,
        "predictions": None,
        "blessed": None,
        "pushed": None,
        "manifest_sha256": None,
        "exports": None,
        "predict": None,
        "nodes": {},
        "versions": {},
        "settings": settings.as_dict(),
    }
