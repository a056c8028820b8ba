"""Beam's job service and worker pool do the work: processes that share no memory with us."""

import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from components.evaluator import analysis
from components.pet_example_gen import photo_source
from models.inputs.label_index import LabelIndexer
from pipeline import config, nodes
from pipeline.beam import beam_args
from report.node_run import NodeState
from runner import local
from runner.run_request import RunRequest
from schemas import artifacts
from schemas.exit_codes import RunExit
from schemas.labels import DEFAULT_MOODS
from testing.aihub.fault_csv import write_fault_csv
from testing.models.prediction_tables import TWELVE, confusion_counts_of
from testing.pipeline.engine import (
    Engine,
    copy_code,
    free_port,
    kill,
    process,
    running,
    wait_for,
)
from testing.pipeline.retried import run_retried
from testing.pipeline.runs import ALIKE, newest, run_data_stage, write_colours


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Starts both, the pool in a folder that holds our packages as the pipeline's image does."""
    folder = tmp_path_factory.mktemp("engine")
    with running(folder, copy_code(folder / "image")) as engine:
        yield engine


def refuse(*_: object) -> NoReturn:
    raise AssertionError("a photo was read by the driver")


def test_workers_in_other_processes_give_what_this_process_gives(tmp_path, engine, monkeypatch):
    train = write_fault_csv(tmp_path / "data", good_rows=40).csv
    val = write_colours(tmp_path / "colours", "val", clips=1)
    settings = (ALIKE, "data.shard_rows=32", "data.max_reject_fraction=0.2")
    here = run_data_stage(tmp_path / "here", train, val, *settings, last_node=nodes.TRANSFORM)
    before = engine.done()
    # Workers import their own copy: what is broken in this process they do not see.
    monkeypatch.setattr(photo_source, "read_photo", refuse)
    there = run_data_stage(
        tmp_path / "there",
        train,
        val,
        *settings,
        *engine.overrides,
        last_node=nodes.TRANSFORM,
    )
    # The ingest and StatisticsGen; the other nodes read no rows, Transform only traces its graph.
    assert engine.done() == (before[0] + 2, before[1] + 2)

    for name in (artifacts.INGEST_JSON, artifacts.REJECTS_CSV):
        pattern = f"PetExampleGen/rejects/*/{name}"
        assert newest(there, pattern).read_text("utf-8") == newest(here, pattern).read_text("utf-8")
    for split, rows in (("train", 49), ("eval", 24)):
        assert len(records(here, split)) == rows
        assert records(there, split) == records(here, split)
        assert statistics(there, split) == statistics(here, split)
    assert indices(there) == indices(here) == list(range(len(DEFAULT_MOODS)))


def records(output: Path, split: str) -> list[bytes]:
    shards = newest(output, f"PetExampleGen/examples/*/Split-{split}").glob("*.tfrecord")
    return list(tf.data.TFRecordDataset(sorted(map(str, shards))).as_numpy_iterator())


def statistics(output: Path, split: str):
    file = newest(output, f"StatisticsGen/statistics/*/Split-{split}/FeatureStats.pb")
    return tfdv.load_stats_binary(str(file))


def indices(output: Path) -> list[int]:
    index = LabelIndexer(str(newest(output, "Transform/transform_graph/*")))
    return index(tf.constant(DEFAULT_MOODS)[:, None]).numpy().flatten().tolist()


def test_the_evaluators_tfma_counts_there_what_we_count(tmp_path, engine):
    counts, before = confusion_counts_of(tmp_path, TWELVE), engine.done()
    output = str(tmp_path / "evaluation")
    settings = config.load("quick", None, list(engine.overrides))
    with beam.Pipeline(argv=beam_args(settings.beam, 1)) as pipeline:
        analysis.analyse(pipeline, counts, output)
    analysis.check(output, counts)
    assert engine.done() == (before[0] + 1, before[1] + 1)


def test_a_step_whose_pool_is_missing_is_tried_again_when_it_is_there(tmp_path, engine):
    port = free_port()
    pool = [sys.executable, "-m", "pipeline.beam_worker_pool", "--port", str(port)]
    changes = [*engine.overrides, ALIKE, f"beam.worker_pool=localhost:{port}"]
    train = write_colours(tmp_path / "colours", "train", clips=2)
    said: list[str] = []
    with contextlib.ExitStack() as stack:

        def start_pool(text: str) -> None:
            said.append(text)
            stack.enter_context(process(pool, tmp_path / "pool.log"))

        output = tmp_path / "run"
        runs = run_retried(output, (train, None), changes, [nodes.EXAMPLE_GEN], start_pool)

    (text,) = said
    assert text.startswith("PetExampleGen is started again. The engine did not finish")
    assert "Connection refused" in text
    assert [run.state for run in runs] == [NodeState.DONE]
    ingest = newest(output, f"PetExampleGen/rejects/*/{artifacts.INGEST_JSON}")
    counts = json.loads(ingest.read_text("utf-8"))["splits"]
    assert sum(split["used"] for split in counts.values()) == 2 * 4 * len(DEFAULT_MOODS)


def test_a_step_whose_engine_dies_midway_is_tried_again_once(tmp_path):
    jobs, port = free_port(), free_port()
    service = "apache_beam.runners.portability.local_job_service_main"
    parts = {
        "jobs": [sys.executable, "-m", service, f"--port={jobs}"],
        "pool": [sys.executable, "-m", "pipeline.beam_worker_pool", "--port", str(port)],
    }
    logs = {name: tmp_path / f"{name}.log" for name in parts}
    changes = [
        *("beam.runner=portable", f"beam.job_server=localhost:{jobs}"),
        *(f"beam.worker_pool=localhost:{port}", ALIKE, "data.shard_rows=4"),
    ]
    train = write_colours(tmp_path / "colours", "train", clips=4)
    said: list[str] = []
    ended = threading.Event()
    with contextlib.ExitStack() as stack:
        alive = [stack.enter_context(process(parts[name], logs[name])) for name in parts]
        wait_for(jobs)
        wait_for(port)

        def kill_all() -> None:
            """Kills all of it once a worker is at work, and starts it again when that is told."""
            while not ended.wait(0.1):
                if "Starting worker" in logs["pool"].read_text("utf-8"):
                    time.sleep(2)
                    for each in alive:
                        kill(each)
                    return

        def start_again(text: str) -> None:
            said.append(text)
            for name in parts:
                stack.enter_context(process(parts[name], logs[name]))

        killer = threading.Thread(target=kill_all)
        killer.start()
        nodes_run = [nodes.EXAMPLE_GEN]
        runs = run_retried(tmp_path / "run", (train, None), changes, nodes_run, start_again)
        ended.set()
        killer.join()
    (text,) = said
    assert text.startswith("PetExampleGen is started again. The engine did not finish")
    assert re.search("Connection reset|refused|closed|UNAVAILABLE", text), text
    assert [run.state for run in runs] == [NodeState.DONE]
    ingest = newest(tmp_path / "run", f"PetExampleGen/rejects/*/{artifacts.INGEST_JSON}")
    counts = json.loads(ingest.read_text("utf-8"))["splits"]
    assert sum(split["used"] for split in counts.values()) == 4 * 4 * len(DEFAULT_MOODS)


def test_a_run_whose_pool_is_missing_ends_before_its_first_step(tmp_path, engine, capfd):
    train = write_colours(tmp_path / "colours", "train", clips=2)
    address = f"localhost:{free_port()}"
    request = RunRequest(
        train_csv=train,
        output=tmp_path / "run",
        preset="quick",
        overrides=(*engine.overrides, f"beam.worker_pool={address}"),
    )
    assert local.run(request) == RunExit.CONFIG
    told = capfd.readouterr()
    assert f"--job_endpoint={engine.job_server}" in told.out
    assert "Asking engine" in told.out and "Loading TFX" not in told.out
    assert "Connection refused" in told.err and f"beam.worker_pool={address}" in told.err
    assert not (tmp_path / "run" / "run.json").exists()
