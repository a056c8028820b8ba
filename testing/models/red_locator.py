"""A locator whose finds can be computed by hand: the reddest cell, and a box of fixed size."""

from pathlib import Path

import keras
import numpy as np

from models.location.network import CHANNELS
from models.servable import export
from models.servable.locating import LocatorNetwork
from models.servable.serving_spec import ServingSpec
from testing.models import quadrants

SIDE = 64
"""Side of the square that it sees, pixels; a cell has eight."""
REACH = 0.25
"""From the middle of a cell to each side of its box, as a share of the picture's."""
MIN_SCORE = 0.5


def red_locator() -> keras.Model:
    """Returns a locator; a cell's logit is (red - green - 128) / 32, of its means."""
    pixels = keras.Input((SIDE, SIDE, 3))
    means = keras.layers.AveragePooling2D(8)(pixels)
    located = keras.layers.Conv2D(CHANNELS, 1)
    model = keras.Model(pixels, located(means))
    kernel = np.zeros((1, 1, 3, CHANNELS), np.float32)
    kernel[0, 0, :2, 0] = 1 / 32, -1 / 32
    located.set_weights([kernel, np.array([-4, *[REACH] * 4], np.float32)])
    return model


def write_servable(folder: Path, box_margin: float) -> Path:
    """Writes a SavedModel that finds red, and tells ``quadrants.quadrant_network``'s moods."""
    spec = ServingSpec(quadrants.MOODS, quadrants.SIDE, box_margin)
    locator = LocatorNetwork(red_locator(), SIDE, MIN_SCORE)
    export.write_servable(quadrants.quadrant_network(), spec, "none", str(folder), locator)
    return folder
