"""Beam's job service and worker pool do the work: processes that share no memory with us."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import apache_beam as beam
import grpc
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from components.evaluator import analysis
from components.pet_example_gen import photo_source
from models.inputs.label_index import LabelIndexer
from pipeline import config, nodes
from pipeline.beam import beam_args
from pipeline.code_version import ROOT
from schemas import artifacts
from schemas.labels import DEFAULT_MOODS
from testing.aihub.fault_csv import write_fault_csv
from testing.models.prediction_tables import TWELVE, confusion_counts_of
from testing.pipeline.runs import ALIKE, newest, run_data_stage, write_colours
from tools.dockerfile.dockerfile_lines import parse_copy, parse_stages


class Engine(NamedTuple):
    """Beam's job service and worker pool at work."""

    overrides: tuple[str, str]
    jobs: Path
    workers: Path

    def done(self) -> tuple[int, int]:
        """Returns how many jobs have ended well, and how many workers were started."""
        return (
            self.jobs.read_text("utf-8").count("with state DONE"),
            self.workers.read_text("utf-8").count("Starting worker"),
        )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Starts both, the pool in a folder that holds our packages as the pipeline's image does."""
    folder = tmp_path_factory.mktemp("engine")
    image = folder / "image"
    stages = parse_stages((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
    steps = (*stages["code-shared"].steps, *stages["code-steps"].steps)
    for package in (name for step in steps for name in parse_copy(step.value).sources):
        if (ROOT / package).is_dir():
            shutil.copytree(ROOT / package, image / package)
    logs = [folder / "jobs.log", folder / "workers.log"]
    ports = [free_port(), free_port()]
    modules = [
        f"apache_beam.runners.portability.local_job_service_main --port={ports[0]}",
        f"pipeline.beam_worker_pool --port={ports[1]}",
    ]
    # The pool starts its workers with the first "python" of its path.
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    started = []
    try:
        for module, log in zip(modules, logs, strict=True):
            with log.open("w") as file:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", *module.split()],
                        cwd=image,
                        env=environment,
                        stdout=file,
                        stderr=file,
                        start_new_session=True,
                    )
                )
        for port in ports:
            grpc.channel_ready_future(grpc.insecure_channel(f"localhost:{port}")).result(120)
        # A job that hangs is an error after five minutes.
        options = (
            f"--job_endpoint=localhost:{ports[0]} --job_server_timeout=300 "
            f"--environment_type=EXTERNAL --environment_config=localhost:{ports[1]}"
        )
        yield Engine(("beam.runner=portable", f"beam.options={options}"), *logs)
    finally:
        for process in started:
            # With the workers that the pool has started.
            os.killpg(process.pid, 9)
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


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
