"""From a run's results to ``run.json``."""

import dataclasses
import datetime
import json
from pathlib import Path

import pytest

from pipeline.config import Settings
from report.node_run import NodeState
from runner.run_record import RunRecord
from schemas import artifacts
from schemas.reasons import RejectReason
from testing.report import documents, score_documents
from testing.report.artifacts import ingest_run, node_run, write_artifact


def record_in(folder: Path) -> RunRecord:
    started = datetime.datetime(2026, 11, 23, 6, 15, tzinfo=datetime.timezone.utc)
    return RunRecord(folder, folder / "logs" / "run.log", started)


def test_the_tuners_trials_are_in_the_record(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    trials = documents.trials()
    tuner = write_artifact(tmp_path / "t", "TunerResults", trials__json=trials)
    record.results.add(node_run("Tuner", tuner))
    assert record.as_json()["tuner"] == trials


def test_the_rows_without_moods_are_told_apart_from_those_of_the_training(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    record.results.add(ingest_run(tmp_path, documents.ingest()))
    rejects = write_artifact(
        tmp_path / "unlabelled", artifacts.REJECTS_TYPE, ingest__json=documents.unlabelled()
    )
    record.results.add(node_run("UnlabelledExampleGen", rejects))
    predictions = write_artifact(tmp_path / "predictions", "Examples", shard__gz={})
    record.results.add(node_run("BulkInferrer", predictions))
    document = record.as_json()
    assert document["rows"]["train"]["used"] == 93
    assert document["predict"] == {
        "used": 2,
        "clipped": 1,
        "refused": {"image_missing": 1},
        "reused": 2,
        "read": 1,
        "rejects_csv": str(tmp_path / "unlabelled" / "rejects.csv"),
        "answers": str(tmp_path / "predictions"),
    }


def test_at_the_start_nothing_has_happened(tmp_path: Path) -> None:
    record_in(tmp_path).write()
    document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    nothing = dict.fromkeys(reason.value for reason in RejectReason)
    unknown = {"accuracy": None, "balanced_accuracy": None, "macro_f1": None}
    versions = document.pop("versions")
    assert document == {
        "exit": None,
        "smoke_test": False,
        "error": None,
        "started": "2026-11-23T06:15:00+00:00",
        "seconds": None,
        "log": str(tmp_path / "logs" / "run.log"),
        "rows": {
            "train": {
                "used": None,
                "clipped": None,
                "refused": nothing,
                "moods": None,
                "thinned": None,
                "reused": None,
                "read": None,
            },
            "eval": {
                "used": None,
                "clipped": None,
                "refused": nothing,
                "moods": None,
                "thinned": None,
                "reused": None,
                "read": None,
            },
        },
        "chosen_on": None,
        "csvs": {},
        "rejects_csv": None,
        "leaks": {"clips": None, "groups": None, "pictures": None},
        "tuner": None,
        "checkpoint": None,
        "metrics": {"model": unknown, "majority": unknown},
        "metrics_json": None,
        "predictions": None,
        "blessed": None,
        "pushed": None,
        "manifest_sha256": None,
        "exports": None,
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
    leaks = write_artifact(
        tmp_path / "l", artifacts.LEAK_REPORT_TYPE, leaks__json=documents.leaks()
    )
    evaluation = write_artifact(
        tmp_path / "b", "ModelEvaluation", metrics__json=score_documents.metrics()
    )
    for run in (
        dataclasses.replace(ingest_run(tmp_path, documents.ingest()), peak_bytes=3 * 2**20 + 5),
        node_run("LeakCheck", leaks),
        node_run("Trainer", state=NodeState.REUSED),
        node_run("Evaluator", evaluation),
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
    assert document["chosen_on"] == "eval"  # The same rows choose and judge.
    assert document["rejects_csv"] == str(tmp_path / "rejects" / "rejects.csv")
    assert document["metrics"] == {
        "model": {"accuracy": 0.6, "balanced_accuracy": 0.45, "macro_f1": 0.5},
        "majority": {"accuracy": 0.75, "balanced_accuracy": 0.5, "macro_f1": 0.43},
    }
    assert document["leaks"] == {"clips": 1, "groups": 0, "pictures": 12}
    assert document["metrics_json"] == str(tmp_path / "b" / "metrics.json")
    assert document["blessed"] is True
    assert document["nodes"] == {
        "PetExampleGen": {"seconds": 1.235, "cached": False, "peak_mib": 3},
        "Trainer": {"seconds": 1.235, "cached": True, "peak_mib": 0},
        "Pusher": {"seconds": None, "cached": None, "peak_mib": None},
    }
    assert document["settings"]["train"]["epochs"] == 20
    assert document["settings"]["data"]["max_reject_fraction"] == 0.05


def test_the_old_record_stands_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_in(tmp_path)
    record.write()
    before = (tmp_path / "run.json").read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        record.write()
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_validation_split_is_counted_and_named(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    counts = documents.ingest()
    splits = counts["splits"]
    counts["splits"] = {"train": splits["train"], "validation": splits["eval"], **splits}
    record.results.add(ingest_run(tmp_path, counts))
    document = record.as_json()
    assert document["chosen_on"] == "validation"
    used = {split: rows["used"] for split, rows in document["rows"].items()}
    assert used == {"train": 93, "validation": 40, "eval": 40}
    assert list(used) == ["train", "validation", "eval"]
