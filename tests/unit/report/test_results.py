"""From the artifacts of a run to its results."""

import copy
from pathlib import Path

import pytest

from report.node_run import OutputArtifact
from report.results import Results
from schemas import artifacts
from testing.report import documents, score_documents
from testing.report.artifacts import ingest_run, node_run, write_artifact


def test_the_ingest_brings_counts_and_the_rejects_table(tmp_path: Path) -> None:
    results = Results()
    note = results.add(ingest_run(tmp_path, documents.ingest()))
    assert note == "rows used: train 93, eval 40; refused: 7"
    assert results.ingest == documents.ingest()
    assert results.rejects_csv == tmp_path / "rejects" / "rejects.csv"


def test_the_verdicts_come_from_their_documents(tmp_path: Path) -> None:
    results = Results()
    assert results.blessed is None
    assert results.servable_passed is None

    warning = documents.validation()["findings"][0]
    findings = [warning, warning, {**warning, "severity": "error"}]
    validation = {"verdict": "ok", "findings": findings}
    report = write_artifact(tmp_path / "a", artifacts.REPORT_TYPE, validation__json=validation)
    assert results.add(node_run("BoxValidator", report)) == "1 error and 2 warnings"

    leaks = write_artifact(
        tmp_path / "l", artifacts.LEAK_REPORT_TYPE, leaks__json=documents.leaks()
    )
    assert results.add(node_run("LeakCheck", leaks)) == "1 error"

    evaluation = write_artifact(
        tmp_path / "b", "ModelEvaluation", metrics__json=score_documents.metrics()
    )
    assert results.add(node_run("Evaluator", evaluation)) == "macro-F1 0.500, blessed"

    servable = {**documents.servable(), "passed": False}
    blessing = write_artifact(tmp_path / "c", "InfraBlessing", servable_check__json=servable)
    assert results.add(node_run("ServableCheck", blessing)) == "failed"

    assert results.blessed is True
    assert results.servable_passed is False


def test_a_pushed_model_names_its_folder() -> None:
    results = Results()
    properties = {
        "pushed": 1,
        "pushed_destination": "/out/serving/pet_mood/17",
        "pushed_version": "17",
    }
    pushed = OutputArtifact("PushedModel", "/out/pipeline/Pusher/1", properties)
    assert results.add(node_run("Pusher", pushed)) == "version 17"
    assert results.pushed == Path("/out/serving/pet_mood/17")


def test_a_pusher_that_pushed_nothing_leaves_none() -> None:
    results = Results()
    pushed = OutputArtifact("PushedModel", "/out/pipeline/Pusher/1", {"pushed": 0})
    assert results.add(node_run("Pusher", pushed)) == "nothing pushed"
    assert results.pushed is None


def test_the_tuner_brings_its_trials(tmp_path: Path) -> None:
    trials = documents.trials()
    completed, failed = trials["trials"]
    trials["best"] = "1"
    trials["trials"] = [
        {**failed, "trial": "0"},
        {**completed, "trial": "1", "score": 0.71234},
        {**completed, "trial": "2", "score": 0.5},
    ]
    results = Results()
    tuner = node_run("Tuner", write_artifact(tmp_path / "t", "TunerResults", trials__json=trials))
    assert results.add(tuner) == "best macro-F1 0.712 of 3 trials"
    assert results.tuner == trials


def test_the_trainer_brings_the_checkpoint() -> None:
    results = Results()
    assert results.add(node_run("Trainer", OutputArtifact("ModelRun", "/out/run/5", {}))) == ""
    assert results.checkpoint == Path("/out/run/5/best.keras")


def test_the_rows_without_moods_are_kept_apart_from_those_of_the_training(tmp_path: Path) -> None:
    results = Results()
    results.add(ingest_run(tmp_path, documents.ingest()))
    unlabelled = documents.unlabelled()
    rejects = write_artifact(
        tmp_path / "unlabelled", artifacts.REJECTS_TYPE, ingest__json=unlabelled
    )
    note = results.add(node_run("UnlabelledExampleGen", rejects))
    assert (
        note
        == "rows used: unlabelled 2; refused: 1; boxes clipped: 1; taken over: 2, photos read: 1"
    )
    predictions = write_artifact(tmp_path / "predictions", "Examples", shard__gz={})
    assert results.add(node_run("BulkInferrer", predictions)) == ""
    assert results.ingest == documents.ingest()
    assert results.unlabelled == unlabelled
    assert results.unlabelled_rejects_csv == tmp_path / "unlabelled" / "rejects.csv"
    assert results.unlabelled_predictions == tmp_path / "predictions"
    assert results.examples == Path("/nowhere")


def test_a_model_that_is_not_blessed_has_answered_nothing(tmp_path: Path) -> None:
    results = Results()
    note = results.add(node_run("BulkInferrer", write_artifact(tmp_path / "p", "Examples")))
    assert (note, results.unlabelled_predictions) == ("nothing answered", None)


def test_other_nodes_have_nothing_to_say() -> None:
    results = Results()
    graph = OutputArtifact("TransformGraph", "/x", {})
    assert results.add(node_run("Transform", graph)) == ""
    assert results == Results()


def test_a_document_that_is_missing_is_an_error_and_not_a_null(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Results().add(node_run("Evaluator", write_artifact(tmp_path / "b", "ModelEvaluation")))


def test_thinned_rows_are_noted(tmp_path: Path) -> None:
    ingest = copy.deepcopy(documents.ingest())
    ingest["splits"]["train"]["thinned"][score_documents.CALM] = 2100
    note = Results().add(ingest_run(tmp_path, ingest))
    assert note == "rows used: train 93, eval 40; refused: 7; thinned: 2,100"


def test_a_refused_export_and_one_without_its_locator_are_noted(tmp_path: Path) -> None:
    results = Results()
    exports = write_artifact(
        tmp_path / "e", artifacts.EXPORTS_TYPE, exports__json=documents.exports()
    )
    assert results.add(node_run("Exporter", exports)) == (
        "kept: onnx, openvino_fp16; refused: litert_int8; without the locator: openvino_fp16"
    )
    assert results.exports == documents.exports()
