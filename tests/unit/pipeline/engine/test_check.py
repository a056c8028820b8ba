"""The engine's check against Beam's own job service and worker pools, sound and faulty ones."""

import contextlib
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from pipeline.beam import BeamSettings
from pipeline.engine import check, job_server
from schemas.errors import ConfigError
from system import storage
from system.buckets import folders
from system.buckets.stores import GOOGLE_ENDPOINT
from testing.paths import ROOT
from testing.pipeline.engine import Engine, copy_code, free_port, process, running

if TYPE_CHECKING:
    from testing.buckets.google_process import GoogleCloudProcess

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running(tmp_path_factory.mktemp("engine"), ROOT) as engine:
        yield engine


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A pool whose code differs in one comment."""
    folder = tmp_path_factory.mktemp("changed")
    file = copy_code(folder / "code") / "dataset" / "boxes.py"
    file.write_text(file.read_text("utf-8") + "# Changed.\n", "utf-8")
    with pool(folder / "code", folder / "log") as address:
        yield address


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A pool of a version that knew nothing of this check."""
    folder = tmp_path_factory.mktemp("older")
    (copy_code(folder / "code") / "pipeline" / "engine" / "probe.py").unlink()
    with pool(folder / "code", folder / "log") as address:
        yield address


@contextlib.contextmanager
def pool(code: Path, log: Path, **environment: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "pipeline.beam_worker_pool", "--port", str(port)]
    with (
        process(command, log, cwd=code, **environment),
        grpc.insecure_channel(f"localhost:{port}") as channel,
    ):
        grpc.channel_ready_future(channel).result(60)
        yield f"localhost:{port}"


def settings(engine: Engine, **changes: object) -> BeamSettings:
    values = {"job_server": engine.job_server, "worker_pool": engine.pool, "check_seconds": 60}
    return BeamSettings(runner="portable", **{**values, **changes})


def test_workers_of_this_version_are_counted_and_nothing_is_left(
    engine: Engine, tmp_path: Path
) -> None:
    csv = tmp_path / "train.csv"
    csv.write_text("image_path\n")
    said = check.check(settings(engine), tmp_path / "pipeline", [csv])
    assert said == "1 worker processes on 1 machines answered"
    assert list((tmp_path / "pipeline").iterdir()) == []


def test_workers_answer_into_a_bucket_as_a_cluster_asks_them_to(
    engine: Engine,
    google_cloud: "GoogleCloudProcess",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = google_cloud.environment()[GOOGLE_ENDPOINT]
    monkeypatch.setenv(GOOGLE_ENDPOINT, address)
    folder, csv = "gs://pet/engine", "gs://pet/engine/train.csv"
    with pool(ROOT, tmp_path / "log", **{GOOGLE_ENDPOINT: address}) as there:
        asked = settings(engine, worker_pool=there)
        with pytest.raises(ConfigError, match=rf"Received: {csv} cannot be read on"):
            check.check(asked, folder, [csv])
        storage.write_whole(csv, "image_path\n")
        assert check.check(asked, folder, [csv]) == "1 worker processes on 1 machines answered"
    assert [path for path, _ in folders.objects(folder)] == [csv]


def test_a_pool_of_other_code_is_told(engine: Engine, changed: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Received: other code on \S+: project \w+, here \w+\."):
        check.check(settings(engine, worker_pool=changed), tmp_path)


def test_a_pool_of_an_older_version_is_told(engine: Engine, older: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must import this project.*No module named 'pipeline"):
        check.check(settings(engine, worker_pool=older), tmp_path)


def test_a_missing_pool_is_told(engine: Engine, tmp_path: Path) -> None:
    address = f"localhost:{free_port()}"
    with pytest.raises(ConfigError, match="Connection refused") as caught:
        check.check(settings(engine, worker_pool=address), tmp_path)
    assert f"beam.worker_pool={address}" in str(caught.value)
    assert "python -m pipeline.beam_worker_pool --port PORT" in str(caught.value)


def test_a_folder_that_workers_do_not_see_is_told(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read on .*Keep the CSVs"):
        check.check(settings(engine), tmp_path, [tmp_path / "gone.csv"])


def test_a_pool_that_starts_no_worker_is_told_in_time(engine: Engine, tmp_path: Path) -> None:
    # It takes the connection and never answers.
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ConfigError, match=re.escape("beam.check_seconds=4. Received: no")):
            check.check(settings(engine, worker_pool=address, check_seconds=4), tmp_path)


def test_a_missing_job_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_server, "_SECONDS", 1)
    with pytest.raises(ConfigError, match=r"beam\.job_server=localhost:\d+\. Received: no answer"):
        job_server.check(f"localhost:{free_port()}")


def test_something_else_at_the_job_servers_address_is_told(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"UNIMPLEMENTED .*: something else listens there"):
        job_server.check(engine.pool)


def test_a_missing_jar_or_java_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "job-server.jar"
    with pytest.raises(ConfigError, match="must be a file"):
        job_server.check_jar(str(jar))
    jar.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Java"):
        job_server.check_jar(str(jar))


def test_an_engine_that_is_not_asked_says_nothing(tmp_path: Path) -> None:
    assert check.check(BeamSettings(), tmp_path) == ""
    nobody = BeamSettings(runner="portable", job_server="localhost:1", check_seconds=0)
    assert check.check(nobody, tmp_path) == ""


@pytest.mark.parametrize("runner", ["flink", "spark"])
def test_a_cluster_that_does_not_answer_is_told_first(runner: str, tmp_path: Path) -> None:
    address = f"localhost:{free_port()}"
    changes = {
        "flink": {"cluster": address, "parallelism": 1},
        "spark": {"cluster": f"spark://{address}"},
    }
    with pytest.raises(ConfigError, match=rf"must answer at beam\.cluster=.*{address}"):
        check.check(
            BeamSettings(runner=runner, job_server="localhost:1", **changes[runner]), tmp_path
        )
