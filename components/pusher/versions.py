"""A version in a serving folder: put together beside it, checked, and let in by a rename."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

PARTIAL = ".partial"
"""Ending of the folder beside the serving folder in which a version is put together."""


def push_version(
    source: Path, base: Path, version: str, complete: Callable[[Path], None] = lambda staged: None
) -> None:
    """Copies a servable to ``base/version`` so that the folder appears whole or not at all.

    A version that exists is whole already, and stays. What a killed push left beside the
    serving folder is cleared away.

    Args:
      source: the servable's folder.
      base: the serving folder; made if need be.
      version: a number.
      complete: adds to the copy and checks it before it is seen. What it raises ends the push,
        and the serving folder stays as it was.
    """
    target = base / version
    staging = base.with_name(base.name + PARTIAL)
    shutil.rmtree(staging, ignore_errors=True)
    if target.exists():
        return
    base.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, staging / version)
    complete(staging / version)
    for path in (staging / version).rglob("*"):
        _flush(path)
    os.rename(staging / version, target)
    _flush(base)
    staging.rmdir()


def _flush(path: Path) -> None:
    """Waits until a file or folder is on the disk: a rename may reach it before the data."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
