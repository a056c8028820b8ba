"""A network whose predictions can be computed by hand, and pictures for it."""

import io
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
"""uint8[h, w, 3]."""

MOODS = ("화남/불쾌", "공포", "행복/즐거움", "편안/안정")
"""One mood per quadrant: top left, top right, bottom left, bottom right."""

SIDE = 32
"""Resolution of the network, pixels."""

RED_PROBABILITY = 0.99896
"""Probability of the red quadrant's mood: exp(255 / 32) / (exp(255 / 32) + 3)."""

RED, BLACK = (255, 0, 0), (0, 0, 0)
ON_ITS_SIDE = 6
"""EXIF orientation of a photo that is upright after a quarter turn clockwise. Its stored top left
is then at the top right."""


def quadrant_network() -> keras.Model:
    """Returns a network; the logit of mood q is 1/32 of the mean red of quadrant q."""
    pixels = keras.Input((SIDE, SIDE, 3))
    means = keras.layers.Flatten()(keras.layers.AveragePooling2D(SIDE // 2)(pixels))
    head = keras.layers.Dense(4, activation="softmax")
    model = keras.Model(pixels, head(means))
    kernel = np.zeros((12, 4), np.float32)
    for quadrant in range(4):
        kernel[3 * quadrant, quadrant] = 1 / 32
    head.set_weights([kernel, np.zeros(4, np.float32)])
    return model


def red_at(quadrant: int, height: int = SIDE, width: int = SIDE) -> Image.Image:
    """Returns a black picture with one red quadrant."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2 * (quadrant // 2), width // 2 * (quadrant % 2)
    pixels[top : top + height // 2, left : left + width // 2] = RED
    return Image.fromarray(pixels)


def mottled(height: int, width: int, seed: int = 0) -> Image.Image:
    """Returns a smooth random picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(
    picture: Pixels | Image.Image, kind: str = "PNG", orientation: int = 1, **options: Any
) -> bytes:
    """Returns a picture file's bytes; EXIF is left out for orientation 1.

    Args:
      picture: uint8[h, w, 3] or a Pillow image.
      kind: Pillow's name of the format.
      orientation: in EXIF, 1..8.
      **options: for Pillow's encoder.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels_of(picture: bytes) -> Pixels:
    """Returns a picture's pixels as stored, EXIF ignored."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
