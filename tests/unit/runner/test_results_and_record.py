"""From the artifacts of a run to ``run.json``."""

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Settings
from runner.node_run import NodeRun, NodeState, OutputArtifact
from runner.results import Results
from runner.run_record import RunRecord
from schemas import artifacts
from schemas.reasons import RejectReason

INGEST = {
    "splits": {
        "train": {
            "rows": 100,
            "used": 93,
            "moods": {"공포": 33, "편안/안정": 60},
            "thinned": {"공포": 0, "편안/안정": 0},
            "refused": {"box_empty": 5, "image_missing": 2},
            "clips": 9,
            "bytes": 1,
        },
        "eval": {
            "rows": 40,
            "used": 40,
            "moods": {"공포": 10, "편안/안정": 30},
            "thinned": {"공포": 0, "편안/안정": 0},
            "refused": {},
            "clips": 4,
            "bytes": 1,
        },
    }
}
METRICS = {
    "rows": 40,
    "model": {"accuracy": 0.6, "balanced_accuracy": 0.45, "macro_f1": 0.5, "extra": 1},
    "majority": {"mood": "편안/안정", "accuracy": 0.75, "balanced_accuracy": 0.5, "macro_f1": 0.43},
    "verdict": {"blessed": True, "checks": []},
}
SERVABLE = {"passed": False, "pictures": 8, "checks": []}
VALIDATION = {
    "verdict": "ok",
    "findings": [{"severity": "warning"}, {"severity": "warning"}, {"severity": "error"}],
}
LEAKS = {
    "verdict": "refused",
    "findings": [{"severity": "error"}],
    "leaks": {"clips": 1, "groups": 0, "pictures": 12},
    "examples": [],
}


def output(folder: Path, type_name: str, **files: Any) -> OutputArtifact:
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(
            json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )
    return OutputArtifact(type_name, str(folder), {})


def node(name: str, *outputs: OutputArtifact, state: NodeState = NodeState.DONE) -> NodeRun:
    return NodeRun(name, 1.2346, state, outputs)


def ingested(folder: Path) -> NodeRun:
    return node(
        "PetExampleGen",
        OutputArtifact("Examples", "/nowhere", {}),
        output(folder / "rejects", artifacts.REJECTS_TYPE, ingest__json=INGEST),
    )


def record_in(folder: Path) -> RunRecord:
    started = datetime.datetime(2026, 11, 23, 6, 15, tzinfo=datetime.timezone.utc)
    return RunRecord(folder, folder / "logs" / "run.log", started)


def test_the_ingest_brings_counts_and_the_rejects_table(tmp_path: Path) -> None:
    results = Results()
    note = results.add(ingested(tmp_path))
    assert note == "rows used: train 93, eval 40; refused: 7"
    assert results.ingest == INGEST
    assert results.rejects_csv == tmp_path / "rejects" / "rejects.csv"


def test_the_verdicts_come_from_their_documents(tmp_path: Path) -> None:
    results = Results()
    assert results.blessed is None
    assert results.servable_passed is None
    assert (
        results.add(
            node(
                "BoxValidator",
                output(tmp_path / "a", artifacts.REPORT_TYPE, validation__json=VALIDATION),
            )
        )
        == "1 error and 2 warnings"
    )
    assert (
        results.add(
            node(
                "LeakCheck",
                output(tmp_path / "l", artifacts.LEAK_REPORT_TYPE, leaks__json=LEAKS),
            )
        )
        == "1 error"
    )
    assert (
        results.add(
            node("Evaluator", output(tmp_path / "b", "ModelEvaluation", metrics__json=METRICS))
        )
        == "macro-F1 0.500, blessed"
    )
    assert (
        results.add(
            node(
                "ServableCheck",
                output(tmp_path / "c", "InfraBlessing", servable_check__json=SERVABLE),
            )
        )
        == "failed"
    )
    assert results.blessed is True
    assert results.servable_passed is False


def test_a_pushed_model_names_its_folder() -> None:
    results = Results()
    told = {"pushed": 1, "pushed_destination": "/out/serving/pet_mood/17", "pushed_version": "17"}
    assert (
        results.add(node("Pusher", OutputArtifact("PushedModel", "/out/pipeline/Pusher/1", told)))
        == "version 17"
    )
    assert results.pushed == Path("/out/serving/pet_mood/17")


def test_a_pusher_that_pushed_nothing_leaves_none() -> None:
    results = Results()
    assert (
        results.add(
            node("Pusher", OutputArtifact("PushedModel", "/out/pipeline/Pusher/1", {"pushed": 0}))
        )
        == "nothing pushed"
    )
    assert results.pushed is None


def trial(name: str, score: float | None) -> dict[str, Any]:
    return {"trial": name, "values": {}, "status": "", "score": score, "seconds": 1.0}


def test_the_tuner_brings_its_trials(tmp_path: Path) -> None:
    table = {"best": "1", "trials": [trial("0", None), trial("1", 0.71234), trial("2", 0.5)]}
    record = record_in(tmp_path)
    tuner = node("Tuner", output(tmp_path / "t", "TunerResults", trials__json=table))
    assert record.results.add(tuner) == "best macro-F1 0.712 of 3 trials"
    assert record.as_json()["tuner"] == table


def test_the_trainer_brings_the_checkpoint() -> None:
    results = Results()
    assert results.add(node("Trainer", OutputArtifact("ModelRun", "/out/run/5", {}))) == ""
    assert results.checkpoint == Path("/out/run/5/best.keras")


def test_the_rows_without_moods_are_told_apart_from_those_of_the_training(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    record.results.add(ingested(tmp_path))
    counts = {"rows": 3, "used": 2, "moods": {}, "thinned": {}, "refused": {"image_missing": 1}}
    asked = {"splits": {"unlabelled": counts}}
    rejects = output(tmp_path / "asked", artifacts.REJECTS_TYPE, ingest__json=asked)
    note = record.results.add(node("UnlabelledExampleGen", rejects))
    assert note == "rows used: unlabelled 2; refused: 1"
    answers = output(tmp_path / "answers", "Examples", shard__gz={})
    record.results.add(node("BulkInferrer", answers))
    document = record.as_json()
    assert document["rows"]["train"]["used"] == 93
    assert document["predict"] == {
        "used": 2,
        "refused": {"image_missing": 1},
        "rejects_csv": str(tmp_path / "asked" / "rejects.csv"),
        "answers": str(tmp_path / "answers"),
    }


def test_a_model_that_is_not_blessed_has_answered_nothing(tmp_path: Path) -> None:
    results = Results()
    note = results.add(node("BulkInferrer", output(tmp_path / "answers", "Examples")))
    assert (note, results.answers) == ("nothing answered", None)


def test_other_nodes_have_nothing_to_say() -> None:
    results = Results()
    assert results.add(node("Transform", OutputArtifact("TransformGraph", "/x", {}))) == ""
    assert results == Results()


def test_a_document_that_is_missing_is_an_error_and_not_a_null(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Results().add(node("Evaluator", output(tmp_path / "b", "ModelEvaluation")))


def test_at_the_start_nothing_has_happened(tmp_path: Path) -> None:
    record_in(tmp_path).write()
    document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    nothing = dict.fromkeys(reason.value for reason in RejectReason)
    unknown = {"accuracy": None, "balanced_accuracy": None, "macro_f1": None}
    versions = document.pop("versions")
    assert document == {
        "exit": None,
        "error": None,
        "started": "2026-11-23T06:15:00+00:00",
        "seconds": None,
        "log": str(tmp_path / "logs" / "run.log"),
        "rows": {
            "train": {"used": None, "refused": nothing, "moods": None, "thinned": None},
            "eval": {"used": None, "refused": nothing, "moods": None, "thinned": None},
        },
        "rejects_csv": None,
        "leaks": {"clips": None, "groups": None, "pictures": None},
        "tuner": None,
        "checkpoint": None,
        "metrics": {"model": unknown, "majority": unknown},
        "blessed": None,
        "pushed": None,
        "predict": None,
        "nodes": {},
        "settings": None,
    }
    assert versions["python"].startswith("3.")
    assert {"tensorflow", "keras", "tfx", "apache-beam"} <= set(versions)


def test_at_the_end_everything_has_its_place(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    record.settings = Settings()
    record.exit, record.seconds = 0, 61.23456
    record.nodes = {"PetExampleGen": None, "Trainer": None, "Pusher": None}
    for run in (
        dataclasses.replace(ingested(tmp_path), peak_bytes=3 * 2**20 + 5),
        node("LeakCheck", output(tmp_path / "l", artifacts.LEAK_REPORT_TYPE, leaks__json=LEAKS)),
        node("Trainer", state=NodeState.REUSED),
        node("Evaluator", output(tmp_path / "b", "ModelEvaluation", metrics__json=METRICS)),
    ):
        record.results.add(run)
        if run.node in record.nodes:
            record.nodes[run.node] = run
    record.write()
    document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert document["exit"] == 0
    assert document["seconds"] == 61.235
    refused = document["rows"]["train"]["refused"]
    assert document["rows"]["train"]["used"] == 93
    assert (refused["box_empty"], refused["image_missing"]) == (5, 2)
    assert sum(refused.values()) == 7
    assert set(refused) == {reason.value for reason in RejectReason}
    assert document["rows"]["eval"]["refused"] == dict.fromkeys(refused, 0)
    assert document["rows"]["eval"]["moods"] == {"공포": 10, "편안/안정": 30}
    assert document["rejects_csv"] == str(tmp_path / "rejects" / "rejects.csv")
    assert document["metrics"] == {
        "model": {"accuracy": 0.6, "balanced_accuracy": 0.45, "macro_f1": 0.5},
        "majority": {"accuracy": 0.75, "balanced_accuracy": 0.5, "macro_f1": 0.43},
    }
    assert document["leaks"] == {"clips": 1, "groups": 0, "pictures": 12}
    assert document["blessed"] is True
    assert document["nodes"] == {
        "PetExampleGen": {"seconds": 1.235, "cached": False, "peak_mib": 3},
        "Trainer": {"seconds": 1.235, "cached": True, "peak_mib": 0},
        "Pusher": {"seconds": None, "cached": None, "peak_mib": None},
    }
    assert document["settings"]["train"]["epochs"] == 100
    assert document["settings"]["data"]["max_reject_fraction"] == 0.05


def test_the_old_record_stands_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_in(tmp_path)
    record.write()
    before = (tmp_path / "run.json").read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        record.write()
    assert (tmp_path / "run.json").read_bytes() == before
