"""NVIDIA GPUs of this machine, by its driver; TensorFlow may see fewer, and this says why.

TensorFlow itself only logs that it skips a GPU, among other lines, and then trains on the CPU.
"""

import ctypes.util
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")
"""A folder for each GPU, by NVIDIA's driver for Linux."""
_DEVICES = Path("/dev")
"""Has ``nvidia0`` and so on, in a container only for the GPUs that it was given."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def count(driver: Path = _DRIVER, devices: Path = _DEVICES) -> int:
    """Returns the number of NVIDIA GPUs that this machine, or this container, has."""
    given = sum(path.name[6:].isdigit() for path in devices.glob("nvidia*"))
    if given:
        return given
    return len(list(driver.iterdir())) if driver.is_dir() else 0


def why_unseen(
    is_cuda_build: bool,
    environment: Mapping[str, str] = os.environ,
    number: int | None = None,
    has_libraries: bool | None = None,
) -> str:
    """Returns why TensorFlow sees none of the machine's GPUs, and the remedy; "" without GPUs.

    Args:
      is_cuda_build: whether TensorFlow was built for CUDA.
      environment: variables of the process.
      number: GPUs of the machine; None counts them.
      has_libraries: whether CUDA's libraries are installed; None looks for them.
    """
    number = count() if number is None else number
    if not number:
        return ""
    found = f"This machine has {number} NVIDIA GPU{'s' * (number > 1)}, and TensorFlow sees none"
    visible = environment.get(_VISIBLE)
    if visible is not None and (not visible or visible.startswith("-")):
        return f"{found}: {_VISIBLE}={visible!r} hides them. Unset it to train on them"
    if not is_cuda_build:
        return f"{found}: this TensorFlow was built without CUDA. Install one that was built for it"
    if not (_has_libraries() if has_libraries is None else has_libraries):
        return (
            f"{found}: CUDA's libraries are missing. Start with: "
            "uv run --extra gpu python local_runner.py"
        )
    return (
        f"{found}, although CUDA's libraries are there. The log has TensorFlow's reason; the "
        "driver may be too old for them (nvidia-smi shows its version)"
    )


def _has_libraries() -> bool:
    """Returns whether cuDNN is installed, as a wheel or on the system."""
    try:
        wheel = importlib.util.find_spec("nvidia.cudnn")
    except ModuleNotFoundError:
        wheel = None
    return wheel is not None or ctypes.util.find_library("cudnn") is not None
