"""Beam's job service and worker pool as processes of their own, for the tests of an engine."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import grpc

from pipeline.engine.versions import PACKAGES
from testing.paths import ROOT


class Engine(NamedTuple):
    """A job service and a worker pool at work.

    Attributes:
      job_server, pool: their addresses.
      jobs, workers: their logs.
    """

    job_server: str
    pool: str
    jobs: Path
    workers: Path

    @property
    def overrides(self) -> tuple[str, ...]:
        """Settings of a run on it; a job that hangs is an error after five minutes."""
        return (
            "beam.runner=portable",
            f"beam.job_server={self.job_server}",
            f"beam.worker_pool={self.pool}",
            "beam.options=--job_server_timeout=300",
        )

    def done(self) -> tuple[int, int]:
        """Returns how many jobs have ended well, and how many workers were started."""
        return (
            self.jobs.read_text("utf-8").count("with state DONE"),
            self.workers.read_text("utf-8").count("Starting worker"),
        )


@contextlib.contextmanager
def running(folder: Path, pool_root: Path) -> Iterator[Engine]:
    """Runs both, the pool in a folder that holds our packages."""
    logs = [folder / "jobs.log", folder / "workers.log"]
    ports = [free_port(), free_port()]
    job_service = "apache_beam.runners.portability.local_job_service_main"
    modules = [
        [job_service, f"--port={ports[0]}"],
        ["pipeline.beam_worker_pool", "--port", str(ports[1])],
    ]
    with contextlib.ExitStack() as stack:
        for module, log in zip(modules, logs, strict=True):
            command = [sys.executable, "-m", *module]
            stack.enter_context(process(command, log, cwd=pool_root))
        for port in ports:
            wait_for(port)
        yield Engine(f"localhost:{ports[0]}", f"localhost:{ports[1]}", *logs)


@contextlib.contextmanager
def process(
    command: Sequence[str], log: Path, cwd: Path = ROOT, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command, which is killed at the end with all that it has started."""
    with log.open("ab") as file:
        started = subprocess.Popen(
            command,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        kill(started)


def kill(started: subprocess.Popen[bytes]) -> None:
    """Kills a process and all that it has started, as the end of its machine would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def wait_for(port: int) -> None:
    """Waits until a server of gRPC listens at a port."""
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        grpc.channel_ready_future(channel).result(120)


def copy_code(folder: Path) -> Path:
    """Copies what workers import, as the pipeline's image does, and returns the folder."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    return folder


def free_port() -> int:
    """Returns a port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
