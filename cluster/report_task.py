"""The report as a task of a cluster: the page of a run, and what the cluster's own pages draw.

A container of the pipeline runs ``python -m cluster.report_task INPUT``, where INPUT is what
Kubeflow puts in place of ``{{$}}``: the task's inputs and outputs as JSON (ExecutorInput in
kfp's pipeline_spec.proto). ``cluster.report_node`` adds the task to the compiled pipeline.
"""

import datetime
import json
import posixpath
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cluster import report_figures
from cluster.report_node import CONFUSION, FIGURES, PAGE, SETTINGS
from report import page
from report.node_run import NodeRun, NodeState, OutputArtifact
from report.results import Results
from schemas import artifacts, signatures
from schemas.documents.run import Ending, Report, Run
from schemas.exports import EXPORTS_JSON
from system.storage import open_file, write_whole

_FILES: Mapping[str, tuple[str, ...]] = {
    artifacts.REJECTS_TYPE: (artifacts.INGEST_JSON,),
    artifacts.REPORT_TYPE: (artifacts.VALIDATION_JSON,),
    artifacts.LEAK_REPORT_TYPE: (artifacts.LEAKS_JSON,),
    artifacts.TUNER_RESULTS_TYPE: (artifacts.TRIALS_JSON,),
    artifacts.MODEL_RUN_TYPE: (
        *(artifacts.TRAINING_JSON, artifacts.CURVES_CSV),
        signatures.SPEC_ASSET,
    ),
    artifacts.EVALUATION_TYPE: (artifacts.METRICS_JSON,),
    artifacts.INFRA_BLESSING_TYPE: (artifacts.SERVABLE_JSON,),
    artifacts.PUSHED_MODEL_TYPE: (),
    artifacts.EXPORTS_TYPE: (EXPORTS_JSON,),
}
"""What the report reads of each artifact. Photos and Examples stay where they are: a page that
anybody who may see the run may open has no pictures."""
_OPTIONAL = (artifacts.CURVES_CSV, artifacts.TRAINING_JSON, signatures.SPEC_ASSET)
"""What a training of an earlier version, whose outputs are reused, need not have."""


def main(text: str) -> None:
    """Writes a report's artifacts, and their properties into the task's output file."""
    executor_input = json.loads(text)
    outputs = executor_input["outputs"]["artifacts"]
    settings = executor_input["inputs"]["parameterValues"][SETTINGS]
    with tempfile.TemporaryDirectory() as folder:
        results = read_results(executor_input["inputs"].get("artifacts", {}), Path(folder))
        report = _report(results, json.loads(settings))
        html = page.render(report, results, None)
    properties: dict[str, dict[str, Any]] = {
        FIGURES: {**report_figures.figures(results)},
        PAGE: {},
    }
    if CONFUSION in outputs and results.metrics:
        matrix = report_figures.confusion(results.metrics)
        properties[CONFUSION] = {"confusionMatrix": matrix}
    write_whole(outputs[PAGE]["artifacts"][0]["uri"], html)

    described = {
        key: {"artifacts": [{**outputs[key]["artifacts"][0], "metadata": values}]}
        for key, values in properties.items()
    }
    write_whole(executor_input["outputs"]["outputFile"], json.dumps({"artifacts": described}))


def read_results(inputs: Mapping[str, Any], folder: Path) -> Results:
    """Returns the results in a task's input artifacts.

    Args:
      inputs: by key, as Kubeflow passes them. A key is the artifact's type; one that has a dot in
        it has an underscore in its place.
      folder: for copies of the documents.
    """
    results = Results()
    for key, names in _FILES.items():
        for artifact in inputs.get(key.replace(".", "_"), {}).get("artifacts", ()):
            copy = folder / key
            copy.mkdir()
            # Refused rows name photos; without the table the page has their numbers alone.
            (copy / artifacts.REJECTS_CSV).touch()
            for name in names:
                _copy(posixpath.join(artifact["uri"], name), copy / name, name in _OPTIONAL)
            properties = artifact.get("metadata", {})
            output = OutputArtifact(key, str(copy), properties)
            results.add(NodeRun(key, 0.0, NodeState.DONE, (output,)))
    return results


def _copy(source: str, target: Path, is_optional: bool) -> None:
    try:
        with open_file(source, "rb") as file:
            target.write_bytes(file.read())
    except OSError:
        if not is_optional:
            raise


def _report(results: Results, settings: dict[str, dict[str, object]]) -> Report:
    record: Run = {
        "exit": None,
        "error": None,
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "seconds": None,
        "log": "",
        "smoke_test": False,
        "rows": {},
        "chosen_on": results.chosen_on,
        "csvs": {},
        "rejects_csv": None,
        "leaks": {},
        "tuner": results.tuner,
        "checkpoint": None,
        "metrics": {},
        "metrics_json": None,
        "predictions": None,
        "blessed": results.blessed,
        "pushed": str(results.pushed) if results.pushed else None,
        "manifest_sha256": results.manifest_sha256,
        "exports": results.exports,
        "predict": None,
        "nodes": {},
        "versions": {},
        "settings": settings,
    }
    return {**page.document(record, results), "ending": _ending(results)}


def _ending(results: Results) -> Ending:
    if results.pushed:
        return "pushed"
    if results.metrics:
        return "not_blessed"
    checks = [each for each in (results.validation, results.leaks) if each]
    is_refused = any(each["verdict"] != artifacts.VERDICT_OK for each in checks)
    return "data_refused" if is_refused else "data_passed"


if __name__ == "__main__":
    main(sys.argv[1])
