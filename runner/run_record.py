"""``run.json``: what a run was asked, what it came to, how it ended.

It is written at the start, after each node and at the end, each time whole or not at all: a
run that is killed leaves ``"exit": null``.
"""

import dataclasses
import datetime
import json
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.config import Settings
from runner.node_run import NodeRun
from runner.results import Results
from schemas.reasons import RejectReason
from system.files import write_whole

FILE_NAME = "run.json"
SPLITS = ("train", "eval")
LEAKS = ("clips", "groups", "pictures")
METRICS = ("accuracy", "balanced_accuracy", "macro_f1")

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
    """Returns Python's version and those of the packages that shape a result."""
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
      started: when it began.
      settings: all settings; None while they are not known to be right.
      nodes: the pipeline's nodes in order; None for those that have not run.
      results: what the nodes put out.
      exit: the exit code; None while it runs.
      error: what stopped it, None if nothing did.
      seconds: how long it took.
      report: the page, None if there is none.
    """

    folder: Path
    log: Path
    started: datetime.datetime
    settings: Settings | None = None
    nodes: dict[str, NodeRun | None] = dataclasses.field(default_factory=dict)
    results: Results = dataclasses.field(default_factory=Results)
    exit: int | None = None
    error: str | None = None
    seconds: float | None = None
    report: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns the document. What did not happen is null."""
        metrics = self.results.metrics or {}
        leaks = (self.results.leaks or {}).get("leaks", {})
        return {
            "exit": self.exit,
            "error": self.error,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": _rounded(self.seconds),
            "log": str(self.log),
            "rows": {split: self._rows(split) for split in SPLITS},
            "rejects_csv": _text(self.results.rejects_csv),
            "leaks": {name: leaks.get(name) for name in LEAKS},
            "tuner": self.results.tuner,
            "checkpoint": _text(self.results.checkpoint),
            "metrics": {
                answerer: {name: metrics.get(answerer, {}).get(name) for name in METRICS}
                for answerer in ("model", "majority")
            },
            "blessed": self.results.blessed,
            "pushed": _text(self.results.pushed),
            "predict": self._predict(),
            "nodes": {
                name: {
                    "seconds": _rounded(run.seconds) if run else None,
                    "cached": run.cached if run else None,
                    "peak_mib": run.peak_bytes >> 20 if run else None,
                }
                for name, run in self.nodes.items()
            },
            "versions": installed_versions(),
            "settings": self.settings.as_dict() if self.settings else None,
        }

    def write(self) -> None:
        """Writes the document to the output folder; the caller holds the folder's lock."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
        write_whole(self.folder / FILE_NAME, text)

    def _predict(self) -> dict[str, Any] | None:
        """Returns what came of the rows without moods; None where there were none."""
        if self.results.asked is None:
            return None
        (counts,) = self.results.asked["splits"].values()
        return {
            "used": counts["used"],
            "refused": dict(counts["refused"]),
            "rejects_csv": _text(self.results.asked_rejects_csv),
            "answers": _text(self.results.answers),
        }

    def _rows(self, split: str) -> dict[str, Any]:
        counts: Mapping[str, Any] | None = None
        if self.results.ingest is not None:
            counts = self.results.ingest["splits"].get(split)
        reasons = [reason.value for reason in RejectReason]
        if counts is None:
            return {
                "used": None,
                "refused": dict.fromkeys(reasons),
                "moods": None,
                "thinned": None,
            }
        return {
            "used": counts["used"],
            "refused": {reason: counts["refused"].get(reason, 0) for reason in reasons},
            "moods": dict(counts["moods"]),
            "thinned": dict(counts["thinned"]),
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
