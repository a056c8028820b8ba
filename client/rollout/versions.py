"""The folder of versions that servers read: what may be named, and copies from elsewhere."""

import shutil
from pathlib import Path
from typing import Protocol

from schemas.errors import ConfigError
from system import manifest
from system.files import whole
from system.pushed_versions import check_version, lock, version_numbers

_GRAPH = "saved_model.pb"


def check(models: Path, number: int) -> str:
    """Compares a version with its manifest, before a configuration names it.

    Args:
      models: folder of the versions, as this machine sees it.
      number: of the version.

    Returns:
      A sentence for the user about a version that has no manifest; "" for one that has.

    Raises:
      ConfigError: there is no such version, or a file of it has changed or is missing.
    """
    version = models / str(number)
    if not (version / _GRAPH).is_file():
        there = ", ".join(map(str, version_numbers(models))) or "none"
        raise ConfigError(
            f"A version must be in {models} before servers load it. Received: {number}; there "
            f"are {there}. Copy one with: rollout.py fetch FOLDER"
        )
    if check_version(version) is None:
        return f"{version} has no {manifest.FILE}: nothing vouches for its contents"
    return ""


class Source(Protocol):
    """A folder of versions to copy from."""

    name: str

    def numbers(self) -> list[int]:
        """Returns the numbers of the whole versions, in rising order."""

    def check(self, number: int) -> str | None:
        """Compares a version with its manifest; returns its SHA-256, None without one.

        Raises:
          ConfigError: a file has changed or is missing.
        """

    def copy(self, number: int, target: Path) -> None:
        """Copies a version to a folder that does not exist."""


class FolderSource:
    """A ``Source`` on this machine."""

    def __init__(self, folder: Path) -> None:
        """Takes a folder of versions."""
        self.name, self._folder = str(folder), folder

    def numbers(self) -> list[int]:
        """See ``Source``."""
        there = version_numbers(self._folder)
        return [number for number in there if (self._folder / str(number) / _GRAPH).is_file()]

    def check(self, number: int) -> str | None:
        """See ``Source``."""
        return check_version(self._folder / str(number))

    def copy(self, number: int, target: Path) -> None:
        """See ``Source``."""
        shutil.copytree(self._folder / str(number), target)


def fetch(source: Source, models: Path, number: int | None) -> int:
    """Copies a version so that it appears whole in the servers' folder; returns its number.

    Args:
      source: the versions to copy from.
      models: folder of the versions, which is created if it does not exist.
      number: of the version; None is the highest whole one.

    Raises:
      ConfigError: there is no such version, it has no manifest or is not what that says, or
        another one has its number already.
    """
    numbers = source.numbers()
    if number is None and not numbers:
        raise ConfigError(f"{source.name} must have a version, a folder with a number. It has none")
    chosen = numbers[-1] if number is None else number
    if chosen not in numbers:
        raise ConfigError(
            f"{source.name} must have the version. Received: {chosen}; there are "
            f"{', '.join(map(str, numbers)) or 'none'}"
        )
    expected = source.check(chosen)
    if expected is None:
        raise ConfigError(
            f"A version is copied only with a {manifest.FILE}, which the Pusher writes. Received: "
            f"{chosen} of {source.name} without one"
        )
    models.mkdir(parents=True, exist_ok=True)
    target = models.resolve() / str(chosen)
    with lock(models.resolve()):
        if target.exists():
            if manifest.check(target) != expected:
                raise ConfigError(
                    f"A version's number must stand for one model. Received: {target} differs "
                    f"from the one of {source.name}"
                )
            return chosen
        # Its name is no number until it is complete: a server passes over it.
        with whole(target) as partial:
            source.copy(chosen, partial)
            if manifest.check(partial) != expected:
                raise ConfigError(f"{source.name} has changed while version {chosen} was copied")
    return chosen
