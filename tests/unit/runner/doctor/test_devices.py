"""A TensorFlow or a GPU that cannot be used is named, with a remedy."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    devices,
)
from runner.doctor.machine import Machine
from testing.runner.planted_machine import planted


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "instructions", "processor"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory", "more memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11", "uv sync"),
        ("raise ImportError('libstdc++.so.6: version not found')", "version not found", "uv sync"),
        ("import time; time.sleep(60)", "within 0.5 s", "try again"),
    ],
)
def test_a_tensorflow_that_cannot_be_loaded(
    code: str, message: str, remedy: str, tmp_path: Path
) -> None:
    # The import of Keras comes before TensorFlow's.
    for name in ("keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text(code)
    machine = replace(Machine(), environment={**os.environ, "PYTHONPATH": str(tmp_path)})
    finding = devices.check(machine, seconds=0.5 if "sleep" in code else 60)
    assert finding.state == "fault"
    assert message in finding.message
    assert remedy in finding.remedy


def test_a_gpu_that_nothing_can_use(tmp_path: Path) -> None:
    machine = planted(
        tmp_path,
        **{
            "sys__bus__pci__devices__0000:01:00.0__vendor": "0x10de\n",
            "sys__bus__pci__devices__0000:01:00.0__class": "0x030200\n",
        },
    )
    finding = devices.check_driver(machine)
    assert finding is not None
    assert "driver is not loaded" in finding.message
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").write_text("")
    assert devices.check_driver(machine) is None
