"""Sharpness, brightness and contrast of a view, and the limits on them."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from dataset.settings import DataSettings
from schemas.reasons import RejectReason

_LEVELS = np.arange(256) / 255


class Quality(NamedTuple):
    """Measures of a view as it is stored.

    Attributes:
      sharpness: variance of the Laplacian of the grey levels 0..255, >= 0. Jose Luis
        Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a comparative
        study" (2000). It grows with texture as well as with focus. Views smaller than the
        training resolution are not enlarged before, so compare only views of similar size.
      brightness: mean grey level over 255, [0, 1].
      contrast: standard deviation of the grey levels over 255, [0, 0.5].
    """

    sharpness: float
    brightness: float
    contrast: float


def quality_of(grey: Image.Image) -> Quality:
    """Returns the measures of a view in 8-bit grey (mode "L")."""
    # Whole numbers: exact, and in half the time of floats.
    levels = np.asarray(grey).astype(np.int16)
    sharpness = 0.0
    if min(levels.shape) > 2:
        laplacian = levels[1:-1, :-2] + levels[1:-1, 2:]
        laplacian += levels[:-2, 1:-1]
        laplacian += levels[2:, 1:-1]
        laplacian -= 4 * levels[1:-1, 1:-1]
        total = int(laplacian.sum(dtype=np.int64))
        wide = laplacian.astype(np.int32)
        squares = int(np.multiply(wide, wide, out=wide).sum(dtype=np.int64))
        # The numerator is a whole number, so that no small difference of large floats is lost.
        sharpness = (laplacian.size * squares - total**2) / laplacian.size**2
    # The histogram gives the same result as the pixels and is a hundred times smaller.
    counts = np.array(grey.histogram(), np.float64) / levels.size
    mean = float((counts * _LEVELS).sum())
    variance = float((counts * np.square(_LEVELS - mean)).sum())
    return Quality(sharpness, mean, math.sqrt(variance))


def quality_fault(quality: Quality, settings: DataSettings) -> tuple[RejectReason, str] | None:
    """Returns the first limit that the view breaks, as (reason, detail); None if there is none."""
    limits = (
        (RejectReason.TOO_DARK, quality.brightness, settings.min_brightness, "min_brightness"),
        (RejectReason.TOO_BRIGHT, -quality.brightness, -settings.max_brightness, "max_brightness"),
        (RejectReason.LOW_CONTRAST, quality.contrast, settings.min_contrast, "min_contrast"),
        (RejectReason.BLURRED, quality.sharpness, settings.min_sharpness, "min_sharpness"),
    )
    for reason, value, limit, name in limits:
        if value < limit:
            return reason, f"{abs(value):.4g}, data.{name} is {abs(limit):g}"
    return None
