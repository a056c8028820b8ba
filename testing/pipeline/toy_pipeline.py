"""A small real TFX pipeline with our artifacts, whose outputs a JSON file determines.

The file is ``toy.json`` beside the train CSV; its keys are those of ``DEFAULTS``.
"""

# TFX names a node after its function.
# ruff: noqa: N802

import json
import os
import signal
import time
from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components.artifact_types import Rejects, ValidationReport
from pipeline.config import Settings
from pipeline.metadata.store import PIPELINE
from pipeline.run_inputs import RunInputs
from schemas import artifacts
from schemas.documents.evaluation import Metrics
from schemas.documents.validation import FindingRecord
from schemas.errors import DataRefusedError
from schemas.labels import DEFAULT_MOODS
from schemas.splits import EVAL, TRAIN
from system import progress
from testing.report import score_documents
from testing.report.documents import split_counts

DEFAULTS = {
    "ingest_pause": 0.0,
    "error": "",
    "gate": "ok",
    "train": "done",
    "macro_f1": 0.5,
    "servable": True,
    "push": True,
}


@component
def Ingest(
    rejects: OutputArtifact[Rejects], error: Parameter[str], pause: Parameter[float]
) -> None:
    """Uses 90 of 100 train rows and 40 of 40 eval rows."""
    if error:
        raise DataRefusedError(error)
    for _ in range(10):
        progress.report("read train", 10, 100, "rows")
        time.sleep(pause / 10)
    moods = dict.fromkeys(DEFAULT_MOODS, 0)
    refused = {"box_empty": 7, "image_missing": 3}
    splits = {
        TRAIN: split_counts({**moods, "공포": 30, "편안/안정": 60}, 9, refused),
        EVAL: split_counts({**moods, "공포": 10, "편안/안정": 30}, 4),
    }
    _write(rejects.uri, artifacts.INGEST_JSON, {"splits": splits})
    Path(rejects.uri, artifacts.REJECTS_CSV).write_text("split,source,line,image,reason,detail\n")


@component
def Validate(
    rejects: InputArtifact[Rejects], report: OutputArtifact[ValidationReport], gate: Parameter[str]
) -> None:
    """Warns once, and refuses on demand."""
    findings: list[FindingRecord] = [
        {
            "severity": "warning",
            "check": "label_shift",
            "split": EVAL,
            "message": "편안/안정 is 66.7% of train and 75.0% of eval",
            "value": 0.1,
            "limit": 0.05,
        }
    ]
    verdict = artifacts.VERDICT_OK if gate == "ok" else artifacts.VERDICT_REFUSED
    if verdict == artifacts.VERDICT_REFUSED:
        findings.append({**findings[0], "severity": "error", "message": gate})
    _write(report.uri, artifacts.VALIDATION_JSON, {"verdict": verdict, "findings": findings})


@component
def Gate(report: InputArtifact[ValidationReport], gate: Parameter[str]) -> None:
    """Raises the DataGate's error where the data is refused."""
    if gate != "ok":
        raise DataRefusedError(f"train: {gate}")


@component
def Train(
    rejects: InputArtifact[Rejects],
    model: OutputArtifact[standard_artifacts.Model],
    how: Parameter[str],
) -> None:
    """Ends as ``how`` says: done, raise, SIGINT, SIGTERM, or never."""
    Path(model.uri, "half").write_text("written before the end")
    print("a library's chatter")  # noqa: T201
    if how == "raise":
        raise RuntimeError("out of luck")
    if how.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, how))
        time.sleep(30)
    while how == "never":
        time.sleep(0.1)


@component
def Judge(
    model: InputArtifact[standard_artifacts.Model],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
    infra: OutputArtifact[standard_artifacts.InfraBlessing],
    macro_f1: Parameter[float],
    servable: Parameter[bool],
) -> None:
    """Blesses from a macro-F1 of 0.4 on."""
    blessed = macro_f1 >= 0.4
    metrics = score_documents.metrics()
    for scores in (metrics["model"], metrics["majority"]):
        scores["accuracy"], scores["balanced_accuracy"] = 0.6, 0.45
    metrics["model"]["macro_f1"] = macro_f1
    metrics["majority"]["macro_f1"] = 0.129
    metrics["verdict"] = {
        "blessed": blessed,
        "notes": [],
        "checks": [
            {
                "check": "over_majority",
                "passed": blessed,
                "value": macro_f1,
                "limit": 0.4,
                "rule": "at_least",
                "message": f"macro-F1 {macro_f1} against 0.4",
            }
        ],
    }
    _write(evaluation.uri, artifacts.METRICS_JSON, metrics)
    _write(
        infra.uri,
        artifacts.SERVABLE_JSON,
        {
            "passed": servable,
            "pictures": 8,
            "checks": [{"check": "tf1_loader", "passed": servable, "message": "loaded and asked"}],
        },
    )


@component
def Push(
    evaluation: InputArtifact[standard_artifacts.ModelEvaluation],
    pushed: OutputArtifact[standard_artifacts.PushedModel],
    base: Parameter[str],
    push: Parameter[bool],
) -> None:
    """Makes version 7 and records it as TFX's Pusher does."""
    metrics: Metrics = json.loads(Path(evaluation.uri, artifacts.METRICS_JSON).read_text())
    if not (push and metrics["verdict"]["blessed"]):
        pushed.set_int_custom_property(artifacts.PUSHED, 0)
        return
    Path(base, "7").mkdir(parents=True, exist_ok=True)
    pushed.set_int_custom_property(artifacts.PUSHED, 1)
    pushed.set_string_custom_property(artifacts.PUSHED_DESTINATION, f"{base}/7")


def create_pipeline(settings: Settings, inputs: RunInputs) -> tfx.dsl.Pipeline:
    """Stands in for ``pipeline.pipeline.create_pipeline``."""
    options = {**DEFAULTS, **json.loads((inputs.train_csv.parent / "toy.json").read_text())}
    ingest = Ingest(error=options["error"], pause=options["ingest_pause"])
    validate = Validate(rejects=ingest.outputs["rejects"], gate=options["gate"])
    gate = Gate(report=validate.outputs["report"], gate=options["gate"])
    train = Train(rejects=ingest.outputs["rejects"], how=options["train"])
    train.add_upstream_node(gate)
    judge = Judge(
        model=train.outputs["model"], macro_f1=options["macro_f1"], servable=options["servable"]
    )
    push = Push(
        evaluation=judge.outputs["evaluation"],
        base=str(inputs.serving),
        push=options["push"] and options["servable"],
    )
    return tfx.dsl.Pipeline(
        pipeline_name=PIPELINE,
        pipeline_root=str(inputs.artifacts),
        components=[ingest, validate, gate, train, judge, push],
        enable_cache=True,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(inputs.metadata)
        ),
    )


def _write(folder: str, name: str, document: object) -> None:
    Path(folder, name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
