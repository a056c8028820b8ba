"""A serving folder on this machine or in an object store, by TFX's file systems.

``system.pushed_versions`` is for folders on this machine alone, and needs no TFX.
"""

import hashlib
import posixpath
from collections.abc import Iterator
from pathlib import Path

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from system import manifest
from system.pushed_versions import version_number

GRAPH = "saved_model.pb"
"""A version without this file is not whole: in an object store it comes last."""


def version_numbers(base: str) -> list[int]:
    """Returns the numbers in a serving folder, whole versions or not, in rising order."""
    if not fileio.exists(base):
        return []
    # An object store's listing ends folders in a slash.
    numbers = (version_number(name.rstrip("/")) for name in fileio.listdir(base))
    return sorted(number for number in numbers if number is not None)


def check_version(version: str) -> str | None:
    """Compares a version's files with its manifest.

    Returns:
      The manifest's SHA-256; None for a version that was pushed without one.

    Raises:
      ConfigError: a file has changed, is missing or is not listed.
    """
    path = posixpath.join(version, manifest.FILE)
    if not fileio.exists(path):
        return None
    with fileio.open(path, "rb") as file:
        content: bytes = file.read()
    sums = manifest.read(content, path)
    manifest.compare(sums, _files(version), lambda name: _sha256(version, name), version)
    return hashlib.sha256(content).hexdigest()


def sha256_of_files(folder: str) -> dict[str, str]:
    """Returns the SHA-256 of each file below a folder, but the manifest, by its path there."""
    return {name: _sha256(folder, name) for name in _files(folder)}


class BucketSource:
    """A ``client.rollout.versions.Source`` wherever TFX has a file system for."""

    def __init__(self, base: str) -> None:
        """Takes the address of a serving folder."""
        self.name = base

    def numbers(self) -> list[int]:
        """Returns the numbers of the whole versions, in rising order."""
        there = version_numbers(self.name)
        return [n for n in there if fileio.exists(posixpath.join(self._of(n), GRAPH))]

    def check(self, number: int) -> str | None:
        """See ``check_version``."""
        return check_version(self._of(number))

    def copy(self, number: int, target: Path) -> None:
        """Copies a version to a folder on this machine that does not exist."""
        io_utils.copy_dir(self._of(number), str(target))

    def _of(self, number: int) -> str:
        return posixpath.join(self.name, str(number))


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in fileio.walk(folder):
        for name in names:
            path = posixpath.relpath(posixpath.join(parent, name), folder)
            if path != manifest.FILE:
                yield path


def _sha256(folder: str, name: str) -> str:
    with fileio.open(posixpath.join(folder, name), "rb") as file:
        return manifest.sha256_of(file)
