"""The tests' servable as an export, with all that is beside one."""

import shutil
from pathlib import Path

import numpy as np

from models.exporting.conversion import Converter
from schemas import exports, signatures
from system import manifest
from testing.models import quadrants, red_locator


def write_quadrant_export(
    servable: Path, name: str, folder: Path, *, with_locator: bool = False
) -> Path:
    """Writes ``quadrants.quadrant_network`` in a format; returns the folder.

    Args:
      servable: of ``quadrant_servable``, or with a locator of ``finding_servable``.
      name: one of ``schemas.exports.FORMATS``.
      folder: does not exist.
      with_locator: whether ``red_locator.red_locator`` is exported too.
    """
    folder.mkdir(parents=True)
    blank = np.zeros((1, quadrants.SIDE, quadrants.SIDE, 3), np.uint8)
    Converter(quadrants.quadrant_network(), blank).write(name, folder)
    if with_locator:
        locator = red_locator.red_locator()
        Converter(locator, blank, exports.PLACES, exports.LOCATOR_FILES).write(name, folder)
    for asset in (signatures.LABELS_ASSET, signatures.SPEC_ASSET):
        shutil.copy(servable / signatures.EXTRAS_FOLDER / asset, folder)
    manifest.write(folder)
    return folder
