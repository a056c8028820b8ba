"""Eyes and brows, with the marks around them: tears, blush, furrows."""

import math

import numpy as np

from dataset.sample.appearance import LINE, Appearance
from dataset.sample.expressions import Expression, Eyes
from dataset.sample.pen import Colour, Pen, Points, arc

_WHITE: Colour = (250, 250, 246)
_PUPIL: Colour = (14, 12, 16)
_TEAR: Colour = (86, 176, 250)
_BLUSH: Colour = (244, 140, 140)


def draw_eyes(pen: Pen, appearance: Appearance, expression: Expression, seconds: float) -> None:
    """Draws both eyes.

    Args:
      pen: with its origin between the eyes.
      appearance: of the animal.
      expression: of its mood.
      seconds: since the clip began; they move the tears.
    """
    offset = 0.44 if appearance.is_cat else 0.4
    for side in (-1, 1):
        eye = pen.moved(side * offset, 0)
        if expression.eyes is Eyes.LAUGHING:
            eye.stroke(arc(0, 0.1, 0.25, 0.27, 195, 345, 16), 0.1, LINE)
        elif expression.eyes is Eyes.RESTING:
            eye.stroke(arc(0, -0.06, 0.25, 0.16, 10, 170, 16), 0.075, LINE)
        else:
            _draw_open_eye(eye, side, appearance, expression)
        if expression.brow_weight > 0:
            _draw_brow(eye, side, expression)
        if expression.blush:
            eye.disc(side * 0.16, 0.34, 0.17, 0.1, _BLUSH)
        if expression.tears:
            _draw_tear(eye.moved(side * 0.1, 0.36 + 0.05 * math.sin(seconds)))
    if expression.furrows:
        for x in (-0.07, 0.07):
            pen.stroke(np.array([(x, -0.2), (x * 0.7, -0.02)]), 0.04, LINE)


def _draw_open_eye(pen: Pen, side: int, appearance: Appearance, expression: Expression) -> None:
    radius = expression.eye_size
    slope = math.tan(math.radians(expression.lid_slant))

    def under_lid(points: Points) -> Points:
        lid = radius * (1 - 2 * expression.openness) - slope * side * points[:, 0]
        return np.stack([points[:, 0], np.maximum(points[:, 1], lid)], axis=1)

    iris = radius * expression.iris
    pupil = iris * expression.pupil
    slit = appearance.is_cat and not expression.round_pupil
    rx, ry = (pupil * 0.45, iris * 0.92) if slit else (pupil, pupil)
    rim = radius + 0.045
    pen.fill(under_lid(arc(0, 0, rim, rim)) - (0, 0.03), LINE)
    pen.fill(under_lid(arc(0, 0, radius, radius)), _WHITE)
    low = 0.0 if expression.openness == 1 else radius * (1 - expression.openness) * 0.6
    pen.fill(under_lid(arc(0, low, iris, iris)), appearance.iris)
    pen.fill(under_lid(arc(0, low, rx, ry)), _PUPIL)
    shine = max(0.03, pupil * 0.3)
    pen.disc(-0.35 * pupil, low - 0.2 * pupil, shine, shine, _WHITE)


def _draw_brow(pen: Pen, side: int, expression: Expression) -> None:
    slope = math.tan(math.radians(expression.brow_slant))
    x = np.linspace(-0.27, 0.27, 9)
    y = -expression.brow_lift - slope * x - 0.5 * (0.27**2 - x**2)
    pen.stroke(np.stack([side * x, y], axis=1), expression.brow_weight, LINE)


def _draw_tear(pen: Pen) -> None:
    drop = arc(0, 0.06, 0.11, 0.13, -20, 200, 18)
    pen.fill(np.vstack([drop, [(0.0, -0.16)]]), _TEAR)
    pen.disc(-0.035, 0.07, 0.028, 0.045, _WHITE)
