"""What a run needs of its machine, checked before anything heavy is loaded, and set up."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from schemas.errors import ConfigError

_DISK_FLOOR_BYTES = 500 * 2**20
"""The drawn sample's whole output is a tenth of this."""
_TFX_FOR_PYTHON = {(3, 10): "1.16", (3, 11): "1.21", (3, 12): "1.21", (3, 13): "1.21"}


def check_versions() -> None:
    """Raises ConfigError unless Python and TFX are a pair that this project supports."""
    python = sys.version_info[:2]
    wanted = _TFX_FOR_PYTHON.get(python)
    if wanted is None:
        raise ConfigError(
            f"Python must be 3.10 to 3.13. Received: {python[0]}.{python[1]}. "
            "Run through uv, which picks the right one: uv run python local_runner.py"
        )
    try:
        found = metadata.version("tfx")
    except metadata.PackageNotFoundError:
        found = "no TFX"
    if not found.startswith(wanted + "."):
        raise ConfigError(
            f"Python {python[0]}.{python[1]} goes with TFX {wanted}. Received: {found}. "
            "uv sync installs what belongs together."
        )


def check_output(folder: Path) -> None:
    """Makes the output folder; raises ConfigError unless it can be written and has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"The output folder {folder} cannot be written: {error.strerror}. "
            "Name another with --output."
        ) from error
    free = shutil.disk_usage(folder).free
    if free < _DISK_FLOOR_BYTES:
        raise ConfigError(
            f"The output folder needs at least {_DISK_FLOOR_BYTES >> 20} MiB of free disk. "
            f"Received: {free >> 20} MiB at {folder}. Make room or name another with --output."
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the output folder for this process; it is set free however the process ends.

    Raises:
      ConfigError: another run holds it.
    """
    # flock is given up by the kernel, so that a killed run leaves no stale lock behind.
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"Another run is working in {folder}. Wait for its end or name another --output."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Sets what libraries read from the environment when they are first imported."""
    # The log takes what is left: warnings and errors of TensorFlow's C++.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    # Steps before the training use TensorFlow too, and would take all of a GPU's memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    # TFX 1.16 and newer hand sys.argv to executors and to absl as flags of theirs.
    arguments = sys.argv[1:]
    del sys.argv[1:]
    try:
        yield
    finally:
        sys.argv[1:] = arguments
