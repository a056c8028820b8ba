"""Exports (``schemas.exports``) of versions that are no longer there."""

from collections.abc import Collection
from pathlib import Path

from runner.prune.pushed import Pushed
from runner.prune.served import Pins
from system.pushed_versions import version_numbers


def old_exports(folder: Path, versions: Collection[int], pins: Pins, pushed: Pushed) -> list[int]:
    """Returns the numbers of the versions whose exports go, in rising order.

    Stay do those of versions that stay, or that a server's configuration names, and all folders
    that no run has made.

    Args:
      folder: has a folder for each version.
      versions: numbers of the versions that stay in the serving folder.
      pins: of the server's configuration.
      pushed: what runs have pushed.
    """
    if pins.all:
        return []
    stay = {*versions, *pins.versions, *pushed.needed}
    return [
        number
        for number in version_numbers(folder)
        if number in pushed.numbers
        and number not in stay
        and (folder / str(number)).is_dir()
        and not (folder / str(number)).is_symlink()
    ]
