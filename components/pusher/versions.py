"""Adds a version to a serving folder: copies it beside the folder, checks it and renames it.

A new version has a higher number than every version that the folder has or had, whatever the clock
says: servers and clients take the highest.
"""

import errno
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from schemas.documents.serving import PushedVersion
from schemas.errors import ConfigError
from system import manifest
from system.files import PARTIAL, put, remove
from system.pushed_versions import (
    MAX_VERSION,
    add_to_history,
    check_version,
    lock,
    read_history,
    version_numbers,
)

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
"""What a rename to a folder that is there, and not empty, is refused with."""


class PushedModel(NamedTuple):
    """The model that is pushed.

    Attributes:
      uri: of its artifact.
      created: when that was made, milliseconds since 1970; 0 where it is not known.
    """

    uri: str
    created: int


class Push(NamedTuple):
    """The version that a model has after its push.

    Attributes:
      version: its number.
      manifest_sha256: of its manifest; None for a version that was pushed without one.
      is_new: False where the model had been pushed already.
    """

    version: int
    manifest_sha256: str | None
    is_new: bool


def push_version(
    source: Path,
    base: Path,
    model: PushedModel,
    second: int,
    complete: Callable[[Path], None] = lambda staged: None,
) -> Push:
    """Copies a servable to ``base/<version>`` so that the folder appears whole or not at all.

    A model whose version is there is not pushed again; the version is compared with its manifest
    and with the model. Else the version is the second, or one more than the highest that the
    folder has or had, if that is more. A version that was the highest and is gone comes back under
    its number if its files are the same.

    The copy is made in a folder beside the serving folder, where no server looks. Remains of a
    killed push are removed there. One push at a time works on a serving folder: a lock, which ends
    with its process, makes the others wait.

    Args:
      source: the servable's folder.
      base: the serving folder; it is created if it does not exist.
      model: what the servable belongs to.
      second: when the model was made, seconds since 1970.
      complete: adds files to the copy and checks it, before a server can see it. Its error ends the
        push, and the serving folder is not changed.

    Raises:
      ConfigError: the model's version has changed, or the model since it was pushed; or there is
        no higher number.
    """
    base.mkdir(parents=True, exist_ok=True)
    serving = base.resolve()  # One lock, and one file system, whatever links lead there.
    staging = serving.with_name(serving.name + PARTIAL)
    with lock(serving):
        remove(staging)
        sums = manifest.sha256_of_files(source)
        if (found := _pushed_before(serving, model, second, sums)) is not None:
            return found
        try:
            staged = staging / str(_next_version(serving, second, ""))
            shutil.copytree(source, staged)
            complete(staged)
            digest = manifest.write(staged)
            return Push(_add(staged, serving, model, second, digest), digest, is_new=True)
        finally:
            remove(staging)


def _pushed_before(
    serving: Path, model: PushedModel, second: int, sums: Mapping[str, str]
) -> Push | None:
    """Returns the version that a model has; None if it has none.

    Args:
      serving: the serving folder.
      model: the model.
      second: when it was made.
      sums: the SHA-256 of each of the servable's files.
    """
    history = read_history(serving)
    there = version_numbers(serving)
    for entry in reversed(history):
        if (entry["model"], entry["created"]) == model and entry["version"] in there:
            version = serving / str(entry["version"])
            digest = check_version(version)
            if changed := _differing(sums, version):
                raise ConfigError(
                    f"A model must not change once it is pushed. Received: {changed} of "
                    f"{model.uri} differs from version {version}. Delete that version to have the "
                    "model pushed as it is now, or train again"
                )
            return Push(entry["version"], digest, is_new=False)
    # Earlier states of this project kept no history: the second was the version.
    known = {entry["version"] for entry in history}
    if second in there and second not in known and not _differing(sums, serving / str(second)):
        return Push(second, check_version(serving / str(second)), is_new=False)
    return None


def _differing(sums: Mapping[str, str], version: Path) -> str:
    """Returns a file of the servable that the version does not have, or has otherwise; else ""."""
    for name, digest in sums.items():
        path = version / name
        if not path.is_file() or manifest.sha256(path) != digest:
            return name
    return ""


def _add(staged: Path, serving: Path, model: PushedModel, second: int, digest: str) -> int:
    """Moves a finished copy into the serving folder; returns its number."""
    while True:
        version = _next_version(serving, second, digest)
        entry: PushedVersion = {
            "version": version,
            "manifest_sha256": digest,
            "model": model.uri,
            "created": model.created,
        }
        # First: a number that no version got is harmless, a number that comes twice is not.
        if entry not in read_history(serving):
            add_to_history(serving, entry)
        try:
            put(staged, serving / str(version))
            return version
        except OSError as error:
            # A process that does not see the lock, as on some network file systems, was faster.
            if error.errno not in _TAKEN:
                raise


def _next_version(serving: Path, second: int, digest: str) -> int:
    """Returns the number of a new version with a manifest of this SHA-256."""
    there = max(version_numbers(serving), default=-1)
    last = max(read_history(serving), key=lambda entry: entry["version"], default=None)
    if last is not None and last["version"] > there and last["manifest_sha256"] == digest:
        return last["version"]
    version = max(second, there + 1, last["version"] + 1 if last is not None else 0)
    if version > MAX_VERSION:
        raise ConfigError(
            f"A version's number must be at most {MAX_VERSION}, TensorFlow Serving's limit. "
            f"Received: {version - 1} is the highest of {serving}. Rename that folder to a lower "
            "number, and delete its line in the history beside the serving folder"
        )
    return version
