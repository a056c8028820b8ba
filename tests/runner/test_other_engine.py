"""The data steps on Beam's job service and worker pool: processes that share no memory with us."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import grpc
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from chain import ALIKE, newest, run_data_stage, write_colours

from components.pet_example_gen import shard
from dataset.sample.extras import write_fault_csv
from models.label_index import LabelIndexer
from pipeline import nodes
from pipeline.code_version import ROOT
from schemas import artifacts
from schemas.labels import DEFAULT_MOODS

JOBS = 2
"""The ingest and StatisticsGen; the other nodes read no rows, Transform only traces its graph."""


class Engine(NamedTuple):
    """Beam's job service and worker pool at work."""

    options: str
    jobs: Path
    workers: Path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Starts both, the pool in a folder that holds our packages as the pipeline's image does."""
    image = tmp_path / "image"
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    for package in re.findall(r"^COPY --chown=pet (\w+) \1$", dockerfile, re.MULTILINE):
        shutil.copytree(ROOT / package, image / package)
    logs = [tmp_path / "jobs.log", tmp_path / "workers.log"]
    ports = [free_port(), free_port()]
    modules = [
        f"apache_beam.runners.portability.local_job_service_main --port={ports[0]}",
        f"apache_beam.runners.worker.worker_pool_main --service_port={ports[1]}",
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
        yield Engine(
            # A job that hangs is an error after five minutes.
            f"--job_endpoint=localhost:{ports[0]} --job_server_timeout=300 "
            f"--environment_type=EXTERNAL --environment_config=localhost:{ports[1]}",
            *logs,
        )
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
    # Workers import their own copy: what is broken in this process they do not see.
    monkeypatch.setattr(shard, "read_photo", refuse)
    there = run_data_stage(
        tmp_path / "there",
        train,
        val,
        *settings,
        "beam.runner=portable",
        f"beam.options={engine.options}",
        last_node=nodes.TRANSFORM,
    )
    assert engine.jobs.read_text().count("with state DONE") == JOBS
    assert engine.workers.read_text().count("Starting worker") == JOBS

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
