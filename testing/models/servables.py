"""The tests' servable, made once for all processes of a session: that takes ten seconds."""

import os
from pathlib import Path

import filelock
import pytest

from models.servable import export
from models.servable.serving_spec import ServingSpec
from testing.models import quadrants


def quadrant_servable(factory: pytest.TempPathFactory, box_margin: float) -> Path:
    """Returns a SavedModel around ``quadrants.quadrant_network``, which is never to be changed."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / f"quadrants-{box_margin}"
    with filelock.FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = shared / f"{folder.name}.partial"
            spec = ServingSpec(quadrants.MOODS, quadrants.SIDE, box_margin)
            export.write_servable(quadrants.quadrant_network(), spec, "none", str(partial))
            partial.rename(folder)
    return folder
