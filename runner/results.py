"""What a run came to, read from the artifacts that its own executions put out.

Never from what lies newest in a folder: that may be another run's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.nodes import BULK_INFERRER, UNLABELLED_GEN
from runner.node_run import NodeRun
from schemas import artifacts

_EXAMPLES_TYPE = "Examples"
_EVALUATION_TYPE = "ModelEvaluation"
_INFRA_BLESSING_TYPE = "InfraBlessing"
_TUNER_RESULTS_TYPE = "TunerResults"
_MODEL_RUN_TYPE = "ModelRun"
_PUSHED_TYPE = "PushedModel"
"""TFX's standard artifact types, which importing TFX to name would cost 20 s."""

_PUSHED = "pushed"
_PUSHED_DESTINATION = "pushed_destination"
"""Custom properties that every TFX Pusher sets (tfx/components/pusher/executor.py)."""


@dataclass
class Results:
    """The documents of ``schemas.artifacts``, None where the run has not come so far.

    Attributes:
      ingest: ``INGEST_JSON``.
      rejects_csv: path of the rejects table.
      examples: folder of the Examples.
      frames: folder of the frames tables.
      validation: ``VALIDATION_JSON``.
      leaks: ``LEAKS_JSON``.
      tuner: ``TRIALS_JSON``.
      checkpoint: path of ``CHECKPOINT_KERAS``.
      metrics: ``METRICS_JSON``.
      predictions: path of ``PREDICTIONS_PARQUET``.
      servable: ``SERVABLE_JSON``.
      pushed: folder of the pushed version; None also where the Pusher ran and pushed nothing.
      asked: ``INGEST_JSON`` of the rows without moods.
      asked_rejects_csv: path of their rejects table.
      answers: folder of the answers to them.
    """

    ingest: Mapping[str, Any] | None = None
    rejects_csv: Path | None = None
    examples: Path | None = None
    frames: Path | None = None
    validation: Mapping[str, Any] | None = None
    leaks: Mapping[str, Any] | None = None
    tuner: Mapping[str, Any] | None = None
    checkpoint: Path | None = None
    metrics: Mapping[str, Any] | None = None
    predictions: Path | None = None
    servable: Mapping[str, Any] | None = None
    pushed: Path | None = None
    asked: Mapping[str, Any] | None = None
    asked_rejects_csv: Path | None = None
    answers: Path | None = None

    @property
    def blessed(self) -> bool | None:
        """The Evaluator's verdict; None if it has not run."""
        return bool(self.metrics["verdict"]["blessed"]) if self.metrics else None

    @property
    def servable_passed(self) -> bool | None:
        """The ServableCheck's verdict; None if it has not run."""
        return bool(self.servable["passed"]) if self.servable else None

    def add(self, run: NodeRun) -> str:
        """Takes over what a node put out, and returns it in a few words ("" if unknown)."""
        if run.node in (UNLABELLED_GEN, BULK_INFERRER):
            return self._add_labelling(run)
        notes = []
        for output in run.outputs:
            folder = Path(output.uri)
            if output.type_name == artifacts.REJECTS_TYPE:
                self.ingest = _read(folder / artifacts.INGEST_JSON)
                self.rejects_csv = folder / artifacts.REJECTS_CSV
                notes.append(_rows_note(self.ingest))
            elif output.type_name == _EXAMPLES_TYPE:
                self.examples = folder
            elif output.type_name == artifacts.FRAMES_TYPE:
                self.frames = folder
            elif output.type_name == artifacts.PREDICTIONS_TYPE:
                self.predictions = folder / artifacts.PREDICTIONS_PARQUET
            elif output.type_name == artifacts.REPORT_TYPE:
                self.validation = _read(folder / artifacts.VALIDATION_JSON)
                notes.append(_findings_note(self.validation))
            elif output.type_name == artifacts.LEAK_REPORT_TYPE:
                self.leaks = _read(folder / artifacts.LEAKS_JSON)
                notes.append(_findings_note(self.leaks))
            elif output.type_name == _TUNER_RESULTS_TYPE:
                self.tuner = _read(folder / artifacts.TRIALS_JSON)
                notes.append(_trials_note(self.tuner))
            elif output.type_name == _MODEL_RUN_TYPE:
                self.checkpoint = folder / artifacts.CHECKPOINT_KERAS
            elif output.type_name == _EVALUATION_TYPE:
                self.metrics = _read(folder / artifacts.METRICS_JSON)
                notes.append(_metrics_note(self.metrics))
            elif output.type_name == _INFRA_BLESSING_TYPE:
                self.servable = _read(folder / artifacts.SERVABLE_JSON)
                notes.append(_servable_note(self.servable))
            elif output.type_name == _PUSHED_TYPE:
                if output.properties.get(_PUSHED) == 1:
                    self.pushed = Path(str(output.properties[_PUSHED_DESTINATION]))
                notes.append(f"version {self.pushed.name}" if self.pushed else "nothing pushed")
        return ", ".join(notes)

    def _add_labelling(self, run: NodeRun) -> str:
        """The same for the nodes that read and answer rows without moods."""
        note = ""
        for output in run.outputs:
            folder = Path(output.uri)
            if run.node == BULK_INFERRER:
                # TFX leaves the folder empty where the model is not blessed.
                self.answers = folder if any(folder.iterdir()) else None
                note = "" if self.answers else "nothing answered"
            elif output.type_name == artifacts.REJECTS_TYPE:
                self.asked = _read(folder / artifacts.INGEST_JSON)
                self.asked_rejects_csv = folder / artifacts.REJECTS_CSV
                note = _rows_note(self.asked)
        return note


def _read(path: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _rows_note(ingest: Mapping[str, Any]) -> str:
    parts = [f"{name} {split['used']:,}" for name, split in ingest["splits"].items()]
    refused = sum(sum(split["refused"].values()) for split in ingest["splits"].values())
    thinned = sum(sum(split["thinned"].values()) for split in ingest["splits"].values())
    note = f"rows used: {', '.join(parts)}; refused: {refused:,}"
    return note + (f"; thinned: {thinned:,}" if thinned else "")


def _findings_note(report: Mapping[str, Any]) -> str:
    severities = [finding["severity"] for finding in report["findings"]]
    counts = [
        f"{number} {severity}{'s' if number > 1 else ''}"
        for severity in ("error", "warning")
        if (number := severities.count(severity))
    ]
    return " and ".join(counts) or "nothing found"


def _trials_note(tuner: Mapping[str, Any]) -> str:
    trials = tuner["trials"]
    (best,) = (trial for trial in trials if trial["trial"] == tuner["best"])
    return f"best macro-F1 {best['score']:.3f} of {len(trials)} trials"


def _metrics_note(metrics: Mapping[str, Any]) -> str:
    verdict = "blessed" if metrics["verdict"]["blessed"] else "not blessed"
    return f"macro-F1 {metrics['model']['macro_f1']:.3f}, {verdict}"


def _servable_note(servable: Mapping[str, Any]) -> str:
    return f"passed on {servable['pictures']} pictures" if servable["passed"] else "failed"
