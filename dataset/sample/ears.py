"""Ears, pointed or floppy, at the mood's angle."""

import math

import numpy as np

from dataset.sample.appearance import Appearance
from dataset.sample.expressions import Expression
from dataset.sample.pen import Pen, Points, rounded

_POINTED = rounded(
    [(-1.0, -0.15), (-0.86, 0.42), (-0.1, 1.08), (0.1, 1.08), (0.86, 0.42), (1.0, -0.15)],
    times=2,
)
"""Outline of an ear, (across, along), in units of its half width and its length."""
_FLOPPY = rounded(
    [(-0.6, -0.1), (-1.0, 0.45), (-0.8, 0.95), (0.0, 1.12), (0.8, 0.95), (1.0, 0.45), (0.6, -0.1)]
)


def draw_ears(pen: Pen, appearance: Appearance, expression: Expression) -> None:
    """Draws both ears: upright ones before the head, floppy ones after it."""
    if appearance.floppy:
        shape, length, width = _FLOPPY, 0.74, 0.28
        angle, base = expression.flop_angle, (0.62, -0.62)
    else:
        shape, angle = _POINTED, expression.ear_angle
        length, width = (0.84, 0.4) if appearance.is_cat else (0.88, 0.32)
        # The base of an ear that is laid back is also lower on the head.
        down = 0.3 * min(1.0, angle / 120)
        base = (0.56 + 0.6 * down, -0.58 + down)
    length *= expression.ear_length
    width *= expression.ear_width
    for side in (-1, 1):
        pen.fill(_placed(shape * 1.0, side, angle, base, width, length), appearance.mark)
        inner = shape * (0.66, 0.8)
        colour = appearance.coat if appearance.floppy else appearance.inner_ear
        pen.fill(_placed(inner, side, angle, base, width, length), colour)


def _placed(
    shape: Points, side: int, angle: float, base: tuple[float, float], width: float, length: float
) -> Points:
    """Returns the ear's outline, turned by ``angle``, on the left or right side of the head."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    across, along = shape[:, 0] * width, shape[:, 1] * length
    x = base[0] + across * cos + along * sin
    y = base[1] + across * sin - along * cos
    return np.stack([side * x, y], axis=1)
