"""The demo as a program, with a pushed version of a toy network."""

import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset.settings import DataSettings
from testing.models.servables import quadrant_servable
from testing.paths import ROOT
from testing.webdemo.running import DESCRIPTORS


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "1"
    shutil.copytree(quadrant_servable(tmp_path_factory, DataSettings().box_margin), folder)
    return folder


@pytest.fixture(scope="session")
def error_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the program writes to its standard error."""
    return tmp_path_factory.mktemp("demo") / "stderr"


@pytest.fixture(scope="session")
def address(version: Path, error_log: Path) -> Iterator[str]:
    """Address of a demo that serves this version."""
    command = [sys.executable, str(ROOT / "demo.py"), "--port", "0", "--weight_path", str(version)]
    with (
        error_log.open("wb") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)
            ),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Open http://127.0.0.1:"), error_log.read_text("utf-8")
            yield line.removeprefix("Open ").strip()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            written = error_log.read_text("utf-8")
            assert "Traceback" not in written
            assert "Requests: answered" in written
        finally:
            process.kill()
