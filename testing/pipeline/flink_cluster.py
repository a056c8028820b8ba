"""A Flink cluster of deploy/flink on this machine, whose parts can be killed."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from pipeline.engine import flink, job_server
from schemas.errors import ConfigError
from testing.paths import ROOT
from testing.pipeline.engine import free_port, kill, process

VARIABLES = ("FLINK_HOME", "BEAM_FLINK_JOB_SERVER_JAR")
"""Say where Flink and Beam's job server for it lie."""
_SCRIPT = str(ROOT / "deploy" / "flink" / "flink.sh")


class FlinkCluster(contextlib.ExitStack):
    """A JobManager, TaskManagers of one slot each, a job server and a worker pool."""

    def __init__(self, folder: Path, managers: int) -> None:
        """Starts nothing yet.

        Args:
          folder: for logs and temporary files.
          managers: number of TaskManagers.
        """
        super().__init__()
        self.folder, self.managers = folder, managers
        self.rest, self.rpc, self.jobs, self.pool_port = (free_port() for _ in range(4))
        self._number = 0
        self.manager: subprocess.Popen[bytes] | None = None
        self.pool: subprocess.Popen[bytes] | None = None

    @property
    def overrides(self) -> tuple[str, ...]:
        """Settings of a run on it."""
        return (
            "beam.runner=flink",
            f"beam.cluster=localhost:{self.rest}",
            f"beam.job_server=localhost:{self.jobs}",
            f"beam.worker_pool=localhost:{self.pool_port}",
            f"beam.parallelism={self.managers}",
        )

    def start_cluster(self) -> None:
        """Starts JobManager and TaskManagers, and waits for all slots."""
        self._start("jobmanager", "-D", f"rest.port={self.rest}")
        for _ in range(self.managers):
            self.start_manager()
        _wait(lambda: flink.check(f"localhost:{self.rest}", self.managers))

    def start_manager(self) -> None:
        """Starts one more TaskManager."""
        self.manager = self._start("taskmanager")

    def start_job_server(self) -> None:
        """Starts Beam's job server and waits for it."""
        ports = [f"--{name}-port={free_port()}" for name in ("artifact", "expansion")]
        master = f"--flink-master=127.0.0.1:{self.rest}"
        self._start("job-server", master, f"--job-port={self.jobs}", *ports)
        _wait(lambda: job_server.check(f"localhost:{self.jobs}"))

    def start_pool(self) -> None:
        """Starts the worker pool."""
        self.pool = self._start("pool", "--port", str(self.pool_port))

    def kill_manager(self) -> None:
        """Kills the last TaskManager, and starts another one a moment later."""
        assert self.manager is not None
        kill(self.manager)
        time.sleep(2)
        self.start_manager()

    def kill_pool(self) -> None:
        """Kills the pool with its workers, and starts it again a moment later."""
        assert self.pool is not None
        kill(self.pool)
        time.sleep(4)
        self.start_pool()

    def kill_worker(self) -> None:
        """Kills one of the pool's workers."""
        self.workers()[0].kill()

    def workers(self) -> list[psutil.Process]:
        """Returns the pool's workers that are alive."""
        assert self.pool is not None
        try:
            return psutil.Process(self.pool.pid).children()
        except psutil.NoSuchProcess:
            return []

    def _start(self, role: str, *arguments: str) -> subprocess.Popen[bytes]:
        self._number += 1
        run = self.folder / f"{self._number}-{role}"
        run.mkdir()
        flags = [*arguments]
        if role in ("jobmanager", "taskmanager"):
            flags += ["-D", f"jobmanager.rpc.port={self.rpc}"]
        names = (*VARIABLES, "JAVA_HOME", "JOB_SERVER_OPTS")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        return self.enter_context(
            process(
                [_SCRIPT, role, *flags],
                self.folder / f"{self._number}-{role}.log",
                ROOT,
                RUN_DIR=str(run),
                PYTHON=sys.executable,
                **environment,
            )
        )


def _wait(asked: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            asked()
            return
        except ConfigError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
