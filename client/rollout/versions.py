"""The folder of versions that servers read: what may be named, and copies from elsewhere."""

import posixpath
import shutil
from collections.abc import Callable
from pathlib import Path

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


def fetch(source: str, models: Path, number: int | None) -> int:
    """Copies a version so that it appears whole in the servers' folder; returns its number.

    Args:
      source: folder of versions, on this machine or as gs://bucket/serving/pet_mood.
      models: folder of the versions, which is created if it does not exist.
      number: of the version; None is the highest whole one.

    Raises:
      ConfigError: there is no such version, it has no manifest or is not what that says, or
        another one has its number already.
    """
    numbers, check_source, copy = _opened(source)
    if number is None and not numbers:
        raise ConfigError(f"{source} must have a version, a folder with a number. It has none")
    chosen = numbers[-1] if number is None else number
    if chosen not in numbers:
        raise ConfigError(
            f"{source} must have the version. Received: {chosen}; there are "
            f"{', '.join(map(str, numbers)) or 'none'}"
        )
    expected = check_source(chosen)
    if expected is None:
        raise ConfigError(
            f"A version is copied only with a {manifest.FILE}, which the Pusher writes. Received: "
            f"{posixpath.join(source, str(chosen))} without one"
        )
    models.mkdir(parents=True, exist_ok=True)
    target = models.resolve() / str(chosen)
    with lock(models.resolve()):
        if target.exists():
            if manifest.check(target) != expected:
                raise ConfigError(
                    f"A version's number must stand for one model. Received: {target} differs "
                    f"from the one of {source}"
                )
            return chosen
        # Its name is no number until it is complete: a server passes over it.
        with whole(target) as partial:
            copy(chosen, partial)
            if manifest.check(partial) != expected:
                raise ConfigError(f"{source} has changed while version {chosen} was copied")
    return chosen


def _opened(
    source: str,
) -> tuple[list[int], Callable[[int], str | None], Callable[[int, Path], None]]:
    """Returns the whole versions of a source, and functions that check and that copy one."""
    if "://" not in source:
        folder = Path(source)
        here = [n for n in version_numbers(folder) if (folder / str(n) / _GRAPH).is_file()]

        def copy_folder(number: int, target: Path) -> None:
            shutil.copytree(folder / str(number), target)

        return here, lambda number: check_version(folder / str(number)), copy_folder

    # Not above: TFX takes 20 seconds to import.
    from tfx.dsl.io import fileio
    from tfx.utils import io_utils

    from components import serving_folder

    def address(number: int) -> str:
        return posixpath.join(source, str(number))

    def copy_from_bucket(number: int, target: Path) -> None:
        io_utils.copy_dir(address(number), str(target))

    there = [
        number
        for number in serving_folder.version_numbers(source)
        if fileio.exists(posixpath.join(address(number), serving_folder.GRAPH))
    ]
    return there, lambda number: serving_folder.check_version(address(number)), copy_from_bucket
