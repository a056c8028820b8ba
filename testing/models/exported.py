"""The tests' servable as an export, with all that is beside one."""

import shutil
from pathlib import Path

import numpy as np

from models.exporting.conversion import Converter
from schemas import signatures
from system import manifest
from testing.models import quadrants


def write_quadrant_export(servable: Path, name: str, folder: Path) -> Path:
    """Writes ``quadrants.quadrant_network`` in a format; returns the folder.

    Args:
      servable: of ``quadrant_servable``.
      name: one of ``schemas.exports.FORMATS``.
      folder: does not exist.
    """
    folder.mkdir(parents=True)
    blank = np.zeros((1, quadrants.SIDE, quadrants.SIDE, 3), np.uint8)
    Converter(quadrants.quadrant_network(), blank).write(name, folder)
    for asset in (signatures.LABELS_ASSET, signatures.SPEC_ASSET):
        shutil.copy(servable / signatures.EXTRAS_FOLDER / asset, folder)
    manifest.write(folder)
    return folder
