"""The versions in a serving folder, and the history of those that ever were there.

A version is a folder with a whole number as its name. TensorFlow Serving reads the name as an
int64 and passes over every other name
(tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc).
"""

from pathlib import Path

from filelock import FileLock

from schemas.documents.serving import PushedVersion
from schemas.errors import ConfigError
from system import json_lines, manifest

MAX_VERSION = 2**63 - 1
HISTORY = ".versions.jsonl"
"""Ending of the history's file, which lies beside the serving folder: a server that polls the
folder never reads it. Each line is a ``PushedVersion``, the newest last."""

REMOVED = ".removed"
"""Ending of the folder beside the serving folder that a version is moved to before its files are
removed, so that it leaves the serving folder whole."""


def version_number(name: str) -> int | None:
    """Returns the number of a version's folder; None for a name that no version can have."""
    number = int(name) if name.isascii() and name.isdigit() else -1
    return number if 0 <= number <= MAX_VERSION else None


def version_numbers(serving: Path) -> list[int]:
    """Returns the numbers in a serving folder, whole versions or not, in rising order."""
    if not serving.is_dir():
        return []
    numbers = (version_number(path.name) for path in serving.iterdir())
    return sorted(number for number in numbers if number is not None)


def history_file(serving: Path) -> Path:
    """Returns the path of a serving folder's history."""
    return serving.with_name(serving.name + HISTORY)


def read_history(serving: Path) -> list[PushedVersion]:
    """Returns the versions that were ever pushed into a serving folder, the newest last.

    Raises:
      ConfigError: the history cannot be read.
    """
    return json_lines.read(
        history_file(serving),
        _entry,
        each="pushed version",
        remedy="Take the file from a copy; without it, versions are numbered from the folders that "
        "are there",
    )


def lock(serving: Path) -> FileLock:
    """Returns the lock of a serving folder; it ends with its process.

    Args:
      serving: after all links have been followed.
    """
    return FileLock(serving.with_name(f".{serving.name}.lock"))


def add_to_history(serving: Path, entry: PushedVersion) -> None:
    """Adds a version to the history; the caller holds the serving folder's lock."""
    json_lines.write(history_file(serving), [*read_history(serving), entry])


def check_version(version: Path) -> str | None:
    """Compares a version's files with its manifest, and the manifest with the history.

    Returns:
      The manifest's SHA-256; None for a version that was pushed without one.

    Raises:
      ConfigError: a file has changed, is missing or is not listed; or the history beside the
        serving folder knows another manifest for the version.
    """
    folder = version.resolve()
    found = manifest.check(folder)
    known = [
        entry["manifest_sha256"]
        for entry in read_history(folder.parent)
        if entry["version"] == version_number(folder.name)
    ]
    if known and found not in known:
        received = f"SHA-256 {found}" if found else "none"
        raise ConfigError(
            f"{folder / manifest.FILE} must be the manifest that was pushed, of SHA-256 "
            f"{known[-1]} ({history_file(folder.parent)}). Received: {received}. Do not use this "
            "version: take it from a copy, or push the model again"
        )
    return found


def _entry(entry: PushedVersion) -> PushedVersion:
    if entry["version"] < 0 or not entry["manifest_sha256"]:
        raise ValueError(entry)
    return entry
