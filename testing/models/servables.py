"""The tests' servables, made once for all processes of a session: that takes ten seconds each."""

import os
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from models.servable import export
from models.servable.serving_spec import ServingSpec
from testing.models import quadrants, red_locator


def quadrant_servable(factory: pytest.TempPathFactory, box_margin: float) -> Path:
    """Returns a SavedModel around ``quadrants.quadrant_network``, which is never to be changed."""

    def write(folder: Path) -> None:
        spec = ServingSpec(quadrants.MOODS, quadrants.SIDE, box_margin)
        export.write_servable(quadrants.quadrant_network(), spec, "none", str(folder))

    return _made_once(factory, f"quadrants-{box_margin}", write)


def finding_servable(factory: pytest.TempPathFactory, box_margin: float) -> Path:
    """Returns a SavedModel of ``red_locator.write_servable``, which is never to be changed."""
    return _made_once(
        factory, f"finding-{box_margin}", lambda path: red_locator.write_servable(path, box_margin)
    )


def _made_once(factory: pytest.TempPathFactory, name: str, write: Callable[[Path], object]) -> Path:
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with filelock.FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = shared / f"{name}.partial"
            write(partial)
            partial.rename(folder)
    return folder
