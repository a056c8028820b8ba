"""What TensorFlow makes of the machine: whether it can be loaded, and the GPUs that it sees.

It is asked in a process of its own, because a library that does not fit the processor ends it.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from runner.doctor.finding import Finding, fault, ok, warning
from runner.doctor.machine import Machine
from system import gpus

_CHECK = "TensorFlow"
_SECONDS = 300
_PROJECT = Path(__file__).parents[2]
_PROBE = """
import json
from models.settings.training import TrainSettings
from models.training import devices
from schemas.errors import ConfigError
try:
    print(json.dumps({"devices": devices.check_before_run(TrainSettings())}))
except ConfigError as error:
    print(json.dumps({"error": str(error)}))
"""
_SIGNALS: dict[int, tuple[str, str]] = {
    signal.SIGILL: (
        "it uses instructions that this processor lacks",
        "Let the virtual machine show its host's processor, or take another machine",
    ),
    signal.SIGKILL: ("the memory was not enough", "Give the machine more memory"),
}


def check(machine: Machine, seconds: float = _SECONDS) -> Finding:
    """Returns what a training would run on."""
    variables = {**machine.environment, "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            cwd=_PROJECT,
            env=variables,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return fault(
            _CHECK,
            f"TensorFlow cannot be loaded within {seconds:g} s",
            "The disk of the packages is very slow, or the machine is busy: try again",
        )
    if done.returncode < 0:
        unknown = (f"signal {-done.returncode}", "uv sync --reinstall installs the packages again")
        why, remedy = _SIGNALS.get(-done.returncode, unknown)
        return fault(_CHECK, f"Loading TensorFlow ends its process: {why}", remedy)
    if done.returncode:
        return fault(
            _CHECK,
            f"TensorFlow cannot be loaded: {_last_line(done.stderr)}",
            "uv sync --inexact --reinstall-package tensorflow; limits of the process and variables "
            "above may also be the cause",
        )
    return _finding(json.loads(done.stdout.splitlines()[-1]))


def check_driver(machine: Machine) -> Finding | None:
    """Returns what is wrong with NVIDIA's driver, as far as its files tell; None for nothing."""
    has_card = any(
        (folder / "vendor").is_file()
        and machine.text(f"/sys/bus/pci/devices/{folder.name}/vendor").strip() == "0x10de"
        and machine.text(f"/sys/bus/pci/devices/{folder.name}/class").startswith("0x03")
        for folder in sorted(machine.path("/sys/bus/pci/devices").glob("*"))
    )
    number = gpus.count(machine.path("/proc/driver/nvidia/gpus"), machine.path("/dev"))
    if has_card and not number:
        return warning(
            "GPU driver",
            "This machine has an NVIDIA card, but its driver is not loaded",
            "Install NVIDIA's driver; in a container, start it with --gpus all",
        )
    return None


def _finding(found: dict[str, Any]) -> Finding:
    if "error" in found:
        return fault(_CHECK, found["error"], "See docs/gpu.md")
    names, _, problem = found["devices"].partition(". ")
    if problem:
        return warning(_CHECK, f"trains on the {names}. {problem}", "docs/gpu.md")
    cores = len(os.sched_getaffinity(0))
    return ok(_CHECK, f"trains on {names}" + (f" ({cores} cores)" if names == "CPU" else ""))


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "no message"
