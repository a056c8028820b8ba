"""The chain on Flink and on Prism, where they are; see docs/engines.md."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from pipeline import nodes
from pipeline.engine import job_server
from report.node_run import NodeState
from schemas import artifacts
from testing.paths import ROOT
from testing.pipeline.engine import free_port, process
from testing.pipeline.flink_cluster import VARIABLES, FlinkCluster
from testing.pipeline.retried import run_retried
from testing.pipeline.runs import ALIKE, Run, bulk_predictions, newest, run, run_data_stage

pytestmark = pytest.mark.slow

PRISM = "BEAM_PRISM"
MANAGERS = 2


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} must say where Flink and Beam's job server lie")
    with FlinkCluster(tmp_path_factory.mktemp("flink"), MANAGERS) as cluster:
        cluster.start_cluster()
        cluster.start_job_server()
        cluster.start_pool()
        yield cluster


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Settings of a run on Prism, and a worker pool for it."""
    if not os.environ.get(PRISM):
        pytest.skip(f"{PRISM} must name the program prism")
    folder, port = tmp_path_factory.mktemp("prism"), free_port()
    command = [os.environ[PRISM], f"--job_port={port}", "--serve_http=false"]
    with FlinkCluster(folder, 1) as pool, process(command, folder / "prism.log"):
        pool.start_pool()
        job_server.check(f"localhost:{port}")
        yield (
            "beam.runner=portable",
            f"beam.job_server=localhost:{port}",
            f"beam.worker_pool=localhost:{pool.pool_port}",
        )


@pytest.mark.parametrize("engine", ["flink", "prism"])
def test_the_whole_chain_gives_what_this_machine_gives(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    colours: tuple[Path, Path],
    unlabelled: Path,
) -> None:
    found = request.getfixturevalue(engine)
    # Asked for now: the run on this machine is only worth its minutes if there is an engine.
    here = request.getfixturevalue("pushed")
    overrides = found if engine == "prism" else found.overrides
    there = run(tmp_path / "run", *colours, *overrides, predict_csv=unlabelled)
    assert there.exit == 0
    for split in ("train", "eval"):
        assert records(there.output, split) == records(here.output, split)
        assert statistics(there.output, split) == statistics(here.output, split)
    for node in (nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN):
        for name in (artifacts.INGEST_JSON, artifacts.REJECTS_CSV):
            assert text(there, node, name) == text(here, node, name)
    assert predicted(there) == predicted(here)


@pytest.mark.parametrize("part", ["worker", "manager", "pool"])
def test_a_part_of_flink_that_is_killed_loses_and_doubles_nothing(
    part: str, flink: FlinkCluster, tmp_path: Path, colours: tuple[Path, Path]
) -> None:
    settings = (ALIKE, "data.shard_rows=16")
    here = run_data_stage(tmp_path / "here", *colours, *settings, last_node=nodes.STATISTICS_GEN)
    said: list[str] = []
    killed = threading.Event()
    ended = threading.Event()

    def kill_one() -> None:
        # As soon as workers are at work; each needs seconds for its imports alone.
        while not ended.is_set():
            if flink.workers():
                time.sleep(3)
                getattr(flink, f"kill_{part}")()
                killed.set()
                return
            time.sleep(0.1)

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        runs = run_retried(
            tmp_path / "there",
            colours,
            (*settings, *flink.overrides),
            (nodes.EXAMPLE_GEN, nodes.STATISTICS_GEN),
            said.append,
        )
    finally:
        ended.set()
        killer.join()
    assert killed.is_set()
    assert [one.state for one in runs] == [NodeState.DONE] * 2, said
    there = tmp_path / "there"
    for split in ("train", "eval"):
        assert records(there, split) == records(here, split)
        assert statistics(there, split) == statistics(here, split)


@pytest.mark.skipif(not os.environ.get(VARIABLES[0]), reason=f"{VARIABLES[0]} must name Flink")
def test_the_files_of_deploy_start_a_cluster_on_this_machine_alone(tmp_path: Path) -> None:
    with FlinkCluster(tmp_path, 1) as cluster:
        # It comes back only when Flink's own REST interface has told of a slot.
        cluster.start_cluster()
        assert not addresses_of_java() - {"127.0.0.1"}


def addresses_of_java() -> set[str]:
    """Returns where programs in Java that this one has started listen."""
    import psutil

    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.name() == "java":
                for one in child.net_connections("tcp"):
                    if one.status == psutil.CONN_LISTEN:
                        found.add(one.laddr.ip.removeprefix("::ffff:"))
    assert found
    return found


def records(output: Path, split: str) -> list[bytes]:
    shards = newest(output, f"PetExampleGen/examples/*/Split-{split}").glob("*.tfrecord")
    return list(tf.data.TFRecordDataset(sorted(map(str, shards))).as_numpy_iterator())


def statistics(output: Path, split: str):
    file = newest(output, f"StatisticsGen/statistics/*/Split-{split}/FeatureStats.pb")
    return tfdv.load_stats_binary(str(file))


def text(found: Run, node: str, name: str) -> str:
    return found.artifact(node, "rejects", name).read_text("utf-8")


def predicted(found: Run) -> set[str]:
    """Returns the photos that the pushed model has answered for, each of them once."""
    folder = newest(found.output, f"{nodes.BULK_INFERRER}/output_examples/*")
    return set(bulk_predictions(folder.rglob("*.gz")))


def test_the_script_names_its_variables() -> None:
    script = (ROOT / "deploy" / "flink" / "flink.sh").read_text("utf-8")
    assert all(f"{name} " in script for name in VARIABLES)
