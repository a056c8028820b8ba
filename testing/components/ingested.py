"""Photos for the tests of the ingest."""

import io
from typing import Any

import numpy as np
from PIL import Image


def photo(seed: int, size: tuple[int, int] = (640, 400)) -> Image.Image:
    """Returns a smooth picture, another for each seed."""
    small = np.random.default_rng(seed).integers(0, 255, (10, 16, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    """Returns a JPEG of quality 92, if ``options`` of Pillow do not say otherwise."""
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 92, **options})
    return file.getvalue()
