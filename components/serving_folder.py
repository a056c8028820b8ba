"""A serving folder on this machine or in an object store, by TFX's file systems.

``system.pushed_versions`` is for folders on this machine alone, and needs no TFX.
"""

import hashlib
import posixpath
from collections.abc import Iterator

from tfx.dsl.io import fileio

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


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in fileio.walk(folder):
        for name in names:
            path = posixpath.relpath(posixpath.join(parent, name), folder)
            if path != manifest.FILE:
                yield path


def _sha256(folder: str, name: str) -> str:
    with fileio.open(posixpath.join(folder, name), "rb") as file:
        return manifest.sha256_of(file)
