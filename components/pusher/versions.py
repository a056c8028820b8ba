"""A version in a serving folder: put together beside it, checked, and let in by a rename."""

import shutil
from collections.abc import Callable
from pathlib import Path

from system.files import PARTIAL, put, remove


def push_version(
    source: Path, base: Path, version: str, complete: Callable[[Path], None] = lambda staged: None
) -> None:
    """Copies a servable to ``base/version`` so that the folder appears whole or not at all.

    A version that exists is whole already, and stays. What a killed push left in the
    folder beside the serving folder, where no server looks, is cleared away.

    Args:
      source: the servable's folder.
      base: the serving folder; made if need be.
      version: a number.
      complete: adds to the copy and checks it before it is seen. What it raises ends the push,
        and the serving folder stays as it was.
    """
    target = base / version
    staging = base.with_name(base.name + PARTIAL)
    remove(staging)
    if target.exists():
        return
    base.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, staging / version)
    complete(staging / version)
    put(staging / version, target)
    staging.rmdir()
