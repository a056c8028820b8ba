"""The record of a run, ``run.json``.

It is written at the start, after each node and at the end, each time whole or not at all: a run
that is killed leaves ``"exit": null``.
"""

import dataclasses
import datetime
import json
import platform
from importlib import metadata
from pathlib import Path

from pipeline.config import Settings
from report.node_run import NodeRun
from report.results import Results
from schemas.documents.evaluation import HEADLINE, HeadlineScores
from schemas.documents.leaks import LEAK_KINDS
from schemas.documents.run import CsvRecord, NodeRecord, PredictCounts, RowCounts, Run
from schemas.reasons import RejectReason
from schemas.splits import EVAL, TRAIN, VALIDATION
from system.files import write_whole

FILE_NAME = "run.json"

_PACKAGES = (
    "tensorflow",
    "keras",
    "tfx",
    "tfx-bsl",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "ml-metadata",
    "apache-beam",
    "numpy",
    "pillow",
)


def installed_versions() -> dict[str, str | None]:
    """Returns Python's version and those of the packages that can change a result."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


@dataclasses.dataclass
class RunRecord:
    """The state of a run, as it is written to ``run.json``.

    Attributes:
      folder: the run's output folder.
      log: the log file.
      started: local time.
      settings: all settings; None until they have been checked.
      nodes: the pipeline's nodes in order; None for those that have not run.
      results: of the nodes.
      csvs: CSVs that the run reads, by split.
      exit: the exit code; None while the run goes on.
      error: what ended the run; None if nothing did.
      seconds: duration.
      smoke_test: whether all steps were run, and a model that is not blessed is no failure.
      report: path of the page; None if there is none.
    """

    folder: Path
    log: Path
    started: datetime.datetime
    settings: Settings | None = None
    nodes: dict[str, NodeRun | None] = dataclasses.field(default_factory=dict)
    results: Results = dataclasses.field(default_factory=Results)
    csvs: dict[str, CsvRecord] = dataclasses.field(default_factory=dict)
    exit: int | None = None
    error: str | None = None
    seconds: float | None = None
    smoke_test: bool = False
    report: Path | None = None

    def as_json(self) -> Run:
        """Returns the document. What has not happened is None."""
        results = self.results
        leaks = results.leaks["leaks"] if results.leaks else None
        metrics = results.metrics

        return {
            "exit": self.exit,
            "error": self.error,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": _rounded(self.seconds),
            "log": str(self.log),
            "smoke_test": self.smoke_test,
            "rows": {split: self._row_counts(split) for split in self._splits()},
            "chosen_on": results.chosen_on,
            "csvs": self.csvs,
            "rejects_csv": _as_text(results.rejects_csv),
            "leaks": {kind: leaks[kind] if leaks else None for kind in LEAK_KINDS},
            "tuner": results.tuner,
            "checkpoint": _as_text(results.checkpoint),
            "metrics": {
                "model": _headline(metrics["model"] if metrics else None),
                "majority": _headline(metrics["majority"] if metrics else None),
            },
            "metrics_json": _as_text(results.metrics_json),
            "predictions": _as_text(results.predictions),
            "blessed": results.blessed,
            "pushed": _as_text(results.pushed),
            "manifest_sha256": results.manifest_sha256,
            "exports": results.exports,
            "predict": self._predict_counts(),
            "nodes": {name: _node_record(run) for name, run in self.nodes.items()},
            "versions": installed_versions(),
            "settings": self.settings.as_dict() if self.settings else None,
        }

    def write(self) -> None:
        """Writes the document to the output folder; the caller holds the folder's lock."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
        write_whole(self.folder / FILE_NAME, text)

    def _splits(self) -> list[str]:
        """Returns the splits in order; before the ingest nothing is said of a validation split."""
        if self.results.chosen_on == VALIDATION:
            return [TRAIN, VALIDATION, EVAL]
        return [TRAIN, EVAL]

    def _row_counts(self, split: str) -> RowCounts:
        ingest = self.results.ingest
        counts = ingest["splits"].get(split) if ingest else None
        reasons = [reason.value for reason in RejectReason]
        if counts is None:
            return {
                "used": None,
                "clipped": None,
                "refused": dict.fromkeys(reasons),
                "moods": None,
                "thinned": None,
                "reused": None,
                "read": None,
            }
        return {
            "used": counts["used"],
            "clipped": counts["clipped"],
            "refused": {reason: counts["refused"].get(reason, 0) for reason in reasons},
            "moods": dict(counts["moods"]),
            "thinned": dict(counts["thinned"]),
            "reused": counts["reused"],
            "read": counts["read"],
        }

    def _predict_counts(self) -> PredictCounts | None:
        """Returns the counts of the rows without moods; None if there are no such rows."""
        if self.results.unlabelled is None:
            return None
        (counts,) = self.results.unlabelled["splits"].values()
        return {
            "used": counts["used"],
            "clipped": counts["clipped"],
            "refused": dict(counts["refused"]),
            "reused": counts["reused"],
            "read": counts["read"],
            "rejects_csv": _as_text(self.results.unlabelled_rejects_csv),
            "answers": _as_text(self.results.unlabelled_predictions),
        }


def _headline(scores: HeadlineScores | None) -> dict[str, float | None]:
    return {name: scores[name] if scores else None for name in HEADLINE}


def _node_record(run: NodeRun | None) -> NodeRecord:
    if run is None:
        return {"seconds": None, "cached": None, "peak_mib": None}
    return {
        "seconds": _rounded(run.seconds),
        "cached": run.cached,
        "peak_mib": run.peak_bytes >> 20,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _as_text(path: Path | None) -> str | None:
    return None if path is None else str(path)
