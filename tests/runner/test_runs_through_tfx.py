"""Whole runs of the toy pipeline: real LocalDagRunner, real ML Metadata, real folders.

They share one file because importing TFX takes 20 seconds.
"""

import logging
import shutil
import sys
import time
from pathlib import Path

import pytest
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability import local_job_service

from runner.display.progress_feed import reports_to
from system import progress
from system.progress import Progress
from testing.pipeline import toy_runner
from testing.pipeline.toy_run import Execution, Toy
from testing.processes.forked import Forked

NODES = ["Ingest", "Validate", "Gate", "Train", "Judge", "Push"]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setitem(sys.modules, "pipeline.pipeline", None)
    toy_runner.use_toy_pipeline()
    return Toy(tmp_path)


def test_a_run_is_recorded_and_a_second_one_reuses_every_node(
    toy: Toy, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toy.run() == 0
    first, screen = toy.record, capfd.readouterr()
    assert first["exit"] == 0
    assert first["error"] is None
    assert first["rows"]["train"]["used"] == 90
    assert first["rows"]["train"]["refused"]["box_empty"] == 7
    assert first["rows"]["eval"]["moods"]["편안/안정"] == 30
    assert first["metrics"]["model"]["macro_f1"] == 0.5
    assert first["metrics"]["majority"]["macro_f1"] == 0.129
    assert first["blessed"] is True
    assert first["pushed"] == str(toy.output / "serving" / "pet_mood" / "7")
    assert list(first["nodes"]) == NODES
    assert toy.cached() == dict.fromkeys(NODES, False)
    assert first["settings"]["train"]["epochs"] == 11
    assert "inference.py --weight_path" in screen.out
    assert "chatter" not in screen.out
    assert screen.err == ""
    assert "a library's chatter" in toy.log

    assert toy.run() == 0
    second = toy.record
    assert toy.cached() == dict.fromkeys(NODES, True)
    for same in ("rows", "metrics", "blessed", "pushed", "rejects_csv"):
        assert second[same] == first[same]
    assert "6 of 6 steps reused" in capfd.readouterr().out


def test_a_plan_knows_what_the_next_run_takes_over(toy: Toy) -> None:
    assert toy.planned() == []
    assert toy.run(macro_f1=0.5) == 0
    assert toy.planned(macro_f1=0.5) == NODES
    assert toy.planned(macro_f1=0.45) == ["Ingest", "Validate", "Gate", "Train"]
    assert toy.planned(train="otherwise") == ["Ingest", "Validate", "Gate"]
    shutil.rmtree(toy.models()[0])
    assert toy.planned(macro_f1=0.5) == ["Ingest", "Validate", "Gate"]


def test_a_reused_nodes_results_are_its_own_and_not_the_newest(toy: Toy) -> None:
    assert toy.run(macro_f1=0.5) == 0
    assert toy.run(macro_f1=0.45) == 0
    assert toy.run(macro_f1=0.5) == 0
    assert toy.cached()["Judge"] is True
    assert toy.record["metrics"]["model"]["macro_f1"] == 0.5


def test_refused_data_ends_in_3_and_the_report_survives(
    toy: Toy, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toy.run(gate="60 of 100 rows are refused") == 3
    record, screen = toy.record, capfd.readouterr()
    assert record["error"] == "train: 60 of 100 rows are refused"
    assert record["rows"]["train"]["used"] == 90
    assert record["metrics"]["model"]["macro_f1"] is None
    assert (record["blessed"], record["pushed"]) == (None, None)
    assert toy.cached() == {
        "Ingest": False,
        "Validate": False,
        "Gate": False,
        "Train": None,
        "Judge": None,
        "Push": None,
    }
    assert "error: train: 60 of 100 rows are refused" in screen.err
    assert "Traceback" not in screen.err
    assert list((toy.output / "pipeline" / "Validate" / "report").rglob("validation.json"))


def test_data_without_a_usable_row_ends_in_3(toy: Toy) -> None:
    assert toy.run(error="train.csv has no usable row") == 3
    assert toy.record["error"] == "train.csv has no usable row"
    assert toy.record["rows"]["train"]["used"] is None


def test_a_model_that_is_not_blessed_ends_in_4(toy: Toy) -> None:
    assert toy.run(macro_f1=0.3) == 4
    assert toy.record["blessed"] is False
    assert toy.record["pushed"] is None
    assert toy.record["metrics"]["model"]["macro_f1"] == 0.3
    assert toy.record["error"] == "The model is not blessed."


def test_a_smoke_test_passes_without_a_model_that_is_good_enough(
    toy: Toy, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toy.run("quick", macro_f1=0.3) == 0
    assert (toy.record["smoke_test"], toy.record["blessed"], toy.record["pushed"]) == (
        True,
        False,
        None,
    )
    printed = capfd.readouterr().out
    assert "Smoke test passed" in printed
    assert "No model was pushed: after 1 epoch from random weights at 64 pixels" in printed


def test_a_servable_that_failed_its_check_ends_in_4(toy: Toy) -> None:
    assert toy.run("quick", servable=False, macro_f1=0.3) == 4
    assert toy.run(servable=False) == 4
    assert toy.record["blessed"] is True
    assert toy.record["pushed"] is None


def test_a_blessed_model_that_was_not_pushed_ends_in_1(toy: Toy) -> None:
    assert toy.run(push=False) == 1
    assert toy.record["error"] == "Every step ran, but no model was pushed."


def test_an_error_ends_in_1_and_the_next_run_goes_on(
    toy: Toy, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toy.run(train="raise") == 1
    screen = capfd.readouterr()
    assert toy.record["error"] == "RuntimeError: out of luck"
    assert "error: RuntimeError: out of luck\nThe traceback is in " in screen.err
    assert "Traceback (most recent call last)" in toy.log
    assert toy.models() == []

    assert toy.run(train="done") == 0
    assert [name for name, cached in toy.cached().items() if cached] == [
        "Ingest",
        "Validate",
        "Gate",
    ]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_run_leaves_a_tidy_state(
    toy: Toy, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toy.run(train=name) == 1
    screen = capfd.readouterr()
    assert toy.record["exit"] == 1
    assert toy.record["error"].startswith("Stopped.")
    assert toy.record["nodes"]["Train"]["cached"] is False
    assert "Traceback" not in screen.err
    assert Execution.RUNNING not in toy.states()
    assert toy.states()[-1] == Execution.FAILED
    assert toy.models() == []

    assert toy.run(train="done") == 0
    assert toy.cached()["Ingest"] is True
    assert toy.cached()["Train"] is False


def test_a_killed_run_is_picked_up_by_the_next(toy: Toy) -> None:
    toy.order(train="never")
    flags = ["--train-csv", str(toy.csv), "--output", str(toy.output), "--preset", "sample"]
    process = Forked(["-m", "testing.pipeline.toy_runner", *flags])
    try:
        deadline = time.monotonic() + 240
        while not any(path.joinpath("half").exists() for path in toy.models()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        before = toy.record
        # The folder is held: another run is sent away and leaves the record alone.
        assert toy.run() == 2
        assert toy.record == before
    finally:
        process.kill()
        process.wait()
    assert before["exit"] is None
    assert before["nodes"]["Ingest"]["cached"] is False
    assert before["nodes"]["Train"]["cached"] is None
    assert before["rows"]["train"]["used"] == 90
    assert "Ingest" in process.output()
    assert toy.states() == [*[Execution.COMPLETE] * 3, Execution.RUNNING]
    assert len(toy.models()) == 1

    assert toy.run(train="done") == 0
    assert Execution.RUNNING not in toy.states()
    assert toy.states()[3] == Execution.FAILED
    assert [name for name, cached in toy.cached().items() if cached] == [
        "Ingest",
        "Validate",
        "Gate",
    ]
    assert len(toy.models()) == 1  # the dead run's half is gone, this run's is there


def test_a_pushed_version_that_was_deleted_is_pushed_again(toy: Toy) -> None:
    assert toy.run() == 0
    shutil.rmtree(toy.record["pushed"])
    assert toy.run() == 0
    assert Path(toy.record["pushed"]).is_dir()
    assert toy.cached() == {**dict.fromkeys(NODES, True), "Push": False}


def test_outputs_that_were_deleted_are_made_again(toy: Toy) -> None:
    assert toy.run() == 0
    shutil.rmtree(toy.output / "pipeline" / "Train" / "model")
    assert toy.run() == 0
    assert toy.cached()["Ingest"] is True
    assert toy.cached()["Train"] is False


def test_beam_still_logs_a_workers_report_as_the_feed_expects() -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    progress.LOGGER.addHandler(handler)
    level = progress.LOGGER.level
    progress.LOGGER.setLevel(logging.INFO)
    try:
        progress.report("read train", 50, 520, "rows", "shard 3")
    finally:
        progress.LOGGER.setLevel(level)
        progress.LOGGER.removeHandler(handler)
    (record,) = records
    entry = beam_fn_api_pb2.LogEntry(
        severity=beam_fn_api_pb2.LogEntry.Severity.WARN,
        message=record.getMessage(),
        log_location=f"{record.pathname}:{record.lineno}",
    )
    heard: list[Progress] = []
    with reports_to(heard.append):
        bundle = beam_fn_api_pb2.LogEntry.List(log_entries=[entry])
        list(local_job_service.BeamFnLoggingServicer().Logging([bundle]))
    assert heard == [Progress("read train", 50, 520, "rows", "shard 3")]
