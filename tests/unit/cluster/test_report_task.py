"""The report as a task: its artifacts, in the form in which Kubeflow reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from cluster import report_figures, report_node, report_task
from cluster.report_node import CONFUSION, FIGURES, PAGE
from schemas import artifacts
from testing.report import documents, score_documents


class Task:
    """A task's inputs and outputs in folders, as a cluster has them in a bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs: dict[str, Any] = {}

    def add(self, kind: str, name: str, document: Any, **metadata: Any) -> None:
        artifact = self.folder / "in" / kind
        artifact.mkdir(parents=True)
        (artifact / name).write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        one = {"name": kind, "uri": str(artifact), "metadata": metadata}
        self.inputs[kind.replace(".", "_")] = {"artifacts": [one]}

    def run(self, *keys: str) -> dict[str, dict[str, Any]]:
        """Runs the task and returns its artifacts' properties by key."""
        outputs = {key: self._output(key) for key in keys}
        executor_input = {
            "inputs": {
                "artifacts": self.inputs,
                "parameterValues": {"settings": json.dumps({"train": {"epochs": 3}})},
            },
            "outputs": {
                "artifacts": outputs,
                "outputFile": str(self.folder / "executor_output.json"),
            },
        }
        report_task.main(json.dumps(executor_input))
        written = json.loads((self.folder / "executor_output.json").read_text("utf-8"))
        return {
            key: value["artifacts"][0]["metadata"] for key, value in written["artifacts"].items()
        }

    def _output(self, key: str) -> dict[str, Any]:
        return {"artifacts": [{"name": f"names/{key}", "uri": str(self.folder / key)}]}

    @property
    def page(self) -> str:
        return (self.folder / PAGE).read_text("utf-8")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    made = Task(tmp_path)
    made.add(artifacts.REJECTS_TYPE, artifacts.INGEST_JSON, documents.ingest())
    made.add(artifacts.REPORT_TYPE, artifacts.VALIDATION_JSON, documents.validation())
    return made


def test_refused_data_are_shown_with_their_reasons(task: Task) -> None:
    task.add(artifacts.LEAK_REPORT_TYPE, artifacts.LEAKS_JSON, documents.leaks())
    written = task.run(FIGURES, PAGE)
    assert written[FIGURES] == {
        "rows_train": 93,
        "rows_refused_train": 7,
        "rows_eval": 40,
        "rows_refused_eval": 0,
        "data_findings": 1,
        "leaks_clips": 1,
        "leaks_groups": 0,
        "leaks_pictures": 12,
    }
    assert "Data refused" in task.page and "12 frames nearly equal" in task.page
    assert "image_missing" in task.page


def test_accepted_data_are_not_called_the_end(task: Task) -> None:
    task.add(
        artifacts.LEAK_REPORT_TYPE,
        artifacts.LEAKS_JSON,
        {**documents.leaks(), "verdict": artifacts.VERDICT_OK},
    )
    task.run(FIGURES, PAGE)
    assert "Data accepted" in task.page and "train.epochs" in task.page


def test_a_model_that_is_not_blessed_is_shown_with_the_rules_that_it_broke(task: Task) -> None:
    metrics = score_documents.metrics()
    metrics["verdict"]["blessed"] = False
    task.add(artifacts.EVALUATION_TYPE, artifacts.METRICS_JSON, metrics)
    task.add(artifacts.INFRA_BLESSING_TYPE, artifacts.SERVABLE_JSON, documents.servable())
    task.add(artifacts.MODEL_RUN_TYPE, "no_training.json", {})
    task.add(artifacts.PUSHED_MODEL_TYPE, "nothing", {}, pushed=0)
    written = task.run(FIGURES, CONFUSION, PAGE)
    assert written[FIGURES]["blessed"] == 0
    assert written[FIGURES]["macro_f1"] == metrics["model"]["macro_f1"]
    assert "Not pushed" in task.page
    for check in metrics["verdict"]["checks"]:
        assert check["message"].split(",")[0] in task.page


def test_a_pushed_version_is_named(task: Task) -> None:
    task.add(artifacts.EVALUATION_TYPE, artifacts.METRICS_JSON, score_documents.metrics())
    task.add(
        artifacts.PUSHED_MODEL_TYPE, "nothing", {},
        pushed=1.0, pushed_destination="gs://b/serving/pet_mood/17",
    )  # fmt: skip
    task.run(FIGURES, CONFUSION, PAGE)
    assert "Pushed" in task.page and "/pet_mood/17" in task.page


def test_a_document_that_is_missing_is_an_error(task: Task) -> None:
    (task.folder / "in" / artifacts.REPORT_TYPE / artifacts.VALIDATION_JSON).unlink()
    with pytest.raises(OSError, match=r"validation\.json"):
        task.run(FIGURES, PAGE)


def test_the_matrix_has_the_form_of_kubeflows_own(task: Task) -> None:
    dsl = pytest.importorskip("kfp.dsl")
    metrics = score_documents.metrics()
    ours = report_figures.confusion(metrics)
    theirs = dsl.ClassificationMetrics()
    theirs.log_confusion_matrix(metrics["moods"], metrics["confusion"])
    assert ours == theirs.metadata["confusionMatrix"]
    assert report_node.TASKS == ("DataReport", "Report")
