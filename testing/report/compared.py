"""Output folders of runs that have ended, with their predictions, for comparisons."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.evaluator.settings import EvaluateSettings
from pipeline.config import Settings
from report import page
from report.results import Results
from schemas.artifacts import PREDICTIONS_PARQUET
from testing.models.prediction_tables import Row, confusion_counts_of
from testing.report import documents, score_documents
from testing.report.records import record


def write_run(folder: Path, rows: Sequence[Row], **train: Any) -> Path:
    """Writes run.json, report.json and the predictions of a run and returns its folder.

    Args:
      folder: for the run, which is made.
      rows: with the predictions of its model.
      **train: settings of the group train.
    """
    from components.evaluator import measures

    folder.mkdir(parents=True)
    counts = confusion_counts_of(folder, rows)
    metrics: Any = measures.measure(counts, EvaluateSettings())
    metrics["verdict"] = copy.deepcopy(score_documents.metrics()["verdict"])
    settings = Settings().as_dict()
    settings["train"].update(train)
    run = record(Settings())
    run["settings"] = settings
    run["log"] = str(folder / "logs" / "1.log")
    run["predictions"] = str(folder / PREDICTIONS_PARQUET)
    run["metrics_json"] = str(folder / "metrics.json")
    (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    report = page.document(run, Results(metrics=metrics, ingest=documents.ingest()))
    (folder / "report.json").write_text(json.dumps(report), "utf-8")
    return folder
