"""Requirements of a run on its machine, checked before anything heavy is loaded, and its set-up."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from schemas.errors import ConfigError
from system import secrets
from system.patterns import SPECIAL

MIN_FREE_DISK_BYTES = 500 * 2**20
"""Ten times the whole output of the drawn sample."""
_TFX_FOR_PYTHON = {(3, 10): "1.16", (3, 11): "1.21", (3, 12): "1.21", (3, 13): "1.21"}


def check_versions() -> None:
    """Raises ConfigError unless Python and TFX are a pair that this project supports."""
    python = sys.version_info[:2]
    required = _TFX_FOR_PYTHON.get(python)
    if required is None:
        raise ConfigError(
            f"Python must be 3.10 to 3.13. Received: {python[0]}.{python[1]}. "
            "uv chooses a supported version: uv run python local_runner.py"
        )
    try:
        installed = metadata.version("tfx")
    except metadata.PackageNotFoundError:
        installed = "no TFX"
    if not installed.startswith(required + "."):
        raise ConfigError(
            f"Python {python[0]}.{python[1]} goes with TFX {required}. Received: {installed}. "
            "uv sync installs the matching version."
        )


def check_name(folder: Path) -> None:
    """Raises ConfigError if Beam or TensorFlow would take the folder's path for a pattern."""
    found = [char for char in SPECIAL if char in str(folder)]
    if found:
        raise ConfigError(
            f"The output folder's path must have none of {' '.join(SPECIAL)}, which Beam and "
            "TensorFlow take for a pattern where they look for the nodes' results. Received: "
            f"{folder} with {' '.join(found)}. Choose another with --output."
        )


def check_output(folder: Path) -> None:
    """Creates the output folder; raises ConfigError unless it is writable and has disk space."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"The output folder must be writable. Received: {folder} ({error.strerror}). "
            "Choose another with --output."
        ) from error
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_DISK_BYTES:
        raise ConfigError(
            f"The output folder needs at least {MIN_FREE_DISK_BYTES >> 20} MiB of free disk. "
            f"Received: {free >> 20} MiB at {folder}. Free some or choose another with --output."
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks the output folder for this process; the lock ends with the process at the latest.

    Raises:
      ConfigError: another run has locked it.
    """
    # Not above: the doctor imports this module before any package is installed.
    from filelock import FileLock, Timeout

    # The kernel releases flock's locks, so a killed run leaves no stale lock behind.
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"Another run is working in {folder}. Wait for its end or choose another --output."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Sets the environment variables that libraries read at import, and hides ``sys.argv``.

    It also keeps our secrets from child processes; see ``system.secrets``.
    """
    # The log file gets the others: warnings and errors of TensorFlow's C++.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    # Steps before the training use TensorFlow too, and would take all of a GPU's memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    # TensorFlow's wheels have code for some GPUs only; for others the driver compiles it at the
    # first use and keeps it. It keeps 1 GiB by default, and a training's kernels are more.
    os.environ.setdefault("CUDA_CACHE_MAXSIZE", str(4 * 2**30))
    # TFX 1.16 and newer pass sys.argv to executors and to absl as if it were their own flags.
    arguments = sys.argv[1:]
    del sys.argv[1:]
    try:
        with secrets.kept_apart():
            yield
    finally:
        sys.argv[1:] = arguments
