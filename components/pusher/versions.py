"""Adds a version to a serving folder: copies it beside the folder, checks it and renames it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from system.files import PARTIAL, put, remove


def push_version(
    source: Path, base: Path, version: str, complete: Callable[[Path], None] = lambda staged: None
) -> None:
    """Copies a servable to ``base/version`` so that the folder appears whole or not at all.

    A version that exists is whole already, and is left as it is. The copy is made in a folder
    beside the serving folder, where no server looks; remains of a killed push are removed there.

    Args:
      source: the servable's folder.
      base: the serving folder; it is created if it does not exist.
      version: a number.
      complete: adds files to the copy and checks it, before a server can see it. Its error ends the
        push, and the serving folder is not changed.
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
