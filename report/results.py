"""Results of a run, read from the artifacts of its own executions.

The newest files in a folder are not read: they may belong to another run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.nodes import BULK_INFERRER, LOCATOR, UNLABELLED_GEN
from report.formatting import training_text
from report.node_run import NodeRun, OutputArtifact
from schemas import artifacts, signatures
from schemas.documents.evaluation import Metrics
from schemas.documents.exports import Exports
from schemas.documents.ingest import Ingest
from schemas.documents.leaks import Leaks
from schemas.documents.locating import LocatorScores
from schemas.documents.servable import Servable
from schemas.documents.training import Preprocessing, Training
from schemas.documents.tuning import Trials
from schemas.documents.validation import Validation
from schemas.exports import EXPORTS_JSON
from schemas.splits import EVAL, VALIDATION


@dataclass
class Results:
    """Documents and files of a run; None where the run did not get that far.

    Attributes:
      ingest: ``INGEST_JSON``.
      rejects_csv: path of the rejects table.
      examples: folder of the Examples, one sub-folder a split.
      frames: folder of the frames tables, one sub-folder a split.
      validation: ``VALIDATION_JSON``.
      leaks: ``LEAKS_JSON``.
      leaks_csv: path of ``LEAKS_CSV``.
      tuner: ``TRIALS_JSON``.
      checkpoint: path of ``CHECKPOINT_KERAS``.
      training: ``TRAINING_JSON``.
      preprocessing: ``signatures.SPEC_ASSET``.
      locator: ``LOCATOR_JSON``.
      metrics: ``METRICS_JSON``.
      metrics_json: its path.
      predictions: path of ``PREDICTIONS_PARQUET``.
      servable: ``SERVABLE_JSON``.
      pushed: folder of the pushed version; None also where the Pusher pushed nothing.
      manifest_sha256: of that version's manifest; None also where it was pushed without one.
      exports: ``EXPORTS_JSON``; None also without ``export.formats``.
      unlabelled: ``INGEST_JSON`` of the rows without moods.
      unlabelled_rejects_csv: path of their rejects table.
      unlabelled_predictions: folder of BulkInferrer's predictions for them.
    """

    ingest: Ingest | None = None
    rejects_csv: Path | None = None
    examples: Path | None = None
    frames: Path | None = None
    validation: Validation | None = None
    leaks: Leaks | None = None
    leaks_csv: Path | None = None
    tuner: Trials | None = None
    checkpoint: Path | None = None
    training: Training | None = None
    preprocessing: Preprocessing | None = None
    locator: LocatorScores | None = None
    metrics: Metrics | None = None
    metrics_json: Path | None = None
    predictions: Path | None = None
    servable: Servable | None = None
    pushed: Path | None = None
    manifest_sha256: str | None = None
    exports: Exports | None = None
    unlabelled: Ingest | None = None
    unlabelled_rejects_csv: Path | None = None
    unlabelled_predictions: Path | None = None

    @property
    def chosen_on(self) -> str | None:
        """The split that the model is chosen on; None if the ingest did not run."""
        if self.ingest is None:
            return None
        return VALIDATION if VALIDATION in self.ingest["splits"] else EVAL

    @property
    def blessed(self) -> bool | None:
        """The Evaluator's verdict; None if it did not run."""
        return self.metrics["verdict"]["blessed"] if self.metrics else None

    @property
    def finds_animals(self) -> bool:
        """Whether the model needs no box: its locator passed."""
        return self.locator is not None and self.locator["passed"]

    @property
    def servable_passed(self) -> bool | None:
        """The ServableCheck's verdict; None if it did not run."""
        return self.servable["passed"] if self.servable else None

    def add(self, run: NodeRun) -> str:
        """Takes over a node's outputs; returns a short note on them, "" if there is none.

        Raises:
          OSError: a document is missing in its artifact.
        """
        readers = self._readers(run.node)
        notes = [
            readers[output.type_name](output)
            for output in run.outputs
            if output.type_name in readers
        ]
        return ", ".join(note for note in notes if note)

    def _readers(self, node: str) -> dict[str, Callable[[OutputArtifact], str]]:
        """Returns the function that reads an output and makes a note on it, by type of output."""
        if node == UNLABELLED_GEN:
            return {artifacts.REJECTS_TYPE: self._add_unlabelled}
        if node == LOCATOR:
            return {artifacts.MODEL_RUN_TYPE: self._add_locator}
        if node == BULK_INFERRER:
            return {artifacts.EXAMPLES_TYPE: self._add_unlabelled_predictions}
        return {
            artifacts.REJECTS_TYPE: self._add_ingest,
            artifacts.EXAMPLES_TYPE: self._add_examples,
            artifacts.FRAMES_TYPE: self._add_frames,
            artifacts.REPORT_TYPE: self._add_validation,
            artifacts.LEAK_REPORT_TYPE: self._add_leaks,
            artifacts.TUNER_RESULTS_TYPE: self._add_trials,
            artifacts.MODEL_RUN_TYPE: self._add_checkpoint,
            artifacts.EVALUATION_TYPE: self._add_metrics,
            artifacts.PREDICTIONS_TYPE: self._add_predictions,
            artifacts.INFRA_BLESSING_TYPE: self._add_servable,
            artifacts.PUSHED_MODEL_TYPE: self._add_pushed,
            artifacts.EXPORTS_TYPE: self._add_exports,
        }

    def _add_ingest(self, output: OutputArtifact) -> str:
        self.ingest = _read(output, artifacts.INGEST_JSON)
        self.rejects_csv = Path(output.uri, artifacts.REJECTS_CSV)
        return _rows_note(self.ingest)

    def _add_examples(self, output: OutputArtifact) -> str:
        self.examples = Path(output.uri)
        return ""

    def _add_frames(self, output: OutputArtifact) -> str:
        self.frames = Path(output.uri)
        return ""

    def _add_validation(self, output: OutputArtifact) -> str:
        self.validation = _read(output, artifacts.VALIDATION_JSON)
        return _findings_note(self.validation)

    def _add_leaks(self, output: OutputArtifact) -> str:
        self.leaks = _read(output, artifacts.LEAKS_JSON)
        self.leaks_csv = Path(output.uri, artifacts.LEAKS_CSV)
        return _findings_note(self.leaks)

    def _add_trials(self, output: OutputArtifact) -> str:
        self.tuner = _read(output, artifacts.TRIALS_JSON)
        return _trials_note(self.tuner)

    def _add_checkpoint(self, output: OutputArtifact) -> str:
        self.checkpoint = Path(output.uri, artifacts.CHECKPOINT_KERAS)
        # A model run of an earlier version lacks some of its files.
        if Path(output.uri, signatures.SPEC_ASSET).exists():
            self.preprocessing = _read(output, signatures.SPEC_ASSET)
        if not Path(output.uri, artifacts.TRAINING_JSON).exists():
            return ""
        self.training = _read(output, artifacts.TRAINING_JSON)
        return training_text(self.training)

    def _add_locator(self, output: OutputArtifact) -> str:
        self.locator = _read(output, artifacts.LOCATOR_JSON)
        return _locator_note(self.locator)

    def _add_metrics(self, output: OutputArtifact) -> str:
        self.metrics = _read(output, artifacts.METRICS_JSON)
        self.metrics_json = Path(output.uri, artifacts.METRICS_JSON)
        return _metrics_note(self.metrics)

    def _add_predictions(self, output: OutputArtifact) -> str:
        self.predictions = Path(output.uri, artifacts.PREDICTIONS_PARQUET)
        return ""

    def _add_servable(self, output: OutputArtifact) -> str:
        self.servable = _read(output, artifacts.SERVABLE_JSON)
        return _servable_note(self.servable)

    def _add_pushed(self, output: OutputArtifact) -> str:
        if output.properties.get(artifacts.PUSHED) == 1:
            self.pushed = Path(str(output.properties[artifacts.PUSHED_DESTINATION]))
            digest = output.properties.get(artifacts.MANIFEST_SHA256)
            self.manifest_sha256 = str(digest) if digest else None
        return f"version {self.pushed.name}" if self.pushed else "nothing pushed"

    def _add_exports(self, output: OutputArtifact) -> str:
        self.exports = _read(output, EXPORTS_JSON)
        return _exports_note(self.exports)

    def _add_unlabelled(self, output: OutputArtifact) -> str:
        self.unlabelled = _read(output, artifacts.INGEST_JSON)
        self.unlabelled_rejects_csv = Path(output.uri, artifacts.REJECTS_CSV)
        return _rows_note(self.unlabelled)

    def _add_unlabelled_predictions(self, output: OutputArtifact) -> str:
        folder = Path(output.uri)
        # TFX leaves the folder empty where the model is not blessed.
        self.unlabelled_predictions = folder if any(folder.iterdir()) else None
        return "" if self.unlabelled_predictions else "nothing answered"


def _read(output: OutputArtifact, name: str) -> Any:
    return json.loads(Path(output.uri, name).read_text(encoding="utf-8"))


def _rows_note(ingest: Ingest) -> str:
    splits = ingest["splits"]
    used = ", ".join(f"{name} {counts['used']:,}" for name, counts in splits.items())
    refused = sum(sum(counts["refused"].values()) for counts in splits.values())
    thinned = sum(sum(counts["thinned"].values()) for counts in splits.values())
    clipped = sum(counts["clipped"] for counts in splits.values())
    note = f"rows used: {used}; refused: {refused:,}"
    note += f"; boxes clipped: {clipped:,}" if clipped else ""
    note += f"; thinned: {thinned:,}" if thinned else ""
    reused = sum(counts["reused"] for counts in splits.values())
    read = sum(counts["read"] for counts in splits.values())
    return note + (f"; taken over: {reused:,}, photos read: {read:,}" if reused else "")


def _findings_note(report: Validation) -> str:
    severities: list[str] = [finding["severity"] for finding in report["findings"]]
    counts = [
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity in ("error", "warning")
        if (count := severities.count(severity))
    ]
    return " and ".join(counts) or "nothing found"


def _trials_note(tuner: Trials) -> str:
    trials = tuner["trials"]
    (best,) = (trial for trial in trials if trial["trial"] == tuner["best"])
    return f"best macro-F1 {best['score']:.3f} of {len(trials)} trials"


def _locator_note(locator: LocatorScores) -> str:
    share = locator["found_share"]
    found = "no photos to judge it on" if share is None else f"finds {share:.1%} of the animals"
    return found if locator["passed"] else f"{found}, left out of the model"


def _metrics_note(metrics: Metrics) -> str:
    verdict = "blessed" if metrics["verdict"]["blessed"] else "not blessed"
    return f"macro-F1 {metrics['model']['macro_f1']:.3f}, {verdict}"


def _servable_note(servable: Servable) -> str:
    return f"passed on {servable['pictures']} pictures" if servable["passed"] else "failed"


def _exports_note(document: Exports) -> str:
    if document["version"] is None:
        return "nothing pushed"
    kept, refused = (
        [export["format"] for export in document["exports"] if export["kept"] is kept]
        for kept in (True, False)
    )
    note = f"kept: {', '.join(kept) or 'none'}"
    if refused:
        note += f"; refused: {', '.join(refused)}"
    located = {export["format"]: export.get("locator") for export in document["exports"]}
    if without := [name for name, one in located.items() if one and not one["kept"]]:
        note += f"; without the locator: {', '.join(without)}"
    return note
