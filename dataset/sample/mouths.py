"""Mouths, one function per kind. The pen's origin is between nose and upper lip."""

import math
from collections.abc import Callable

import numpy as np

from dataset.sample.appearance import LINE, Appearance
from dataset.sample.expressions import Expression, Mouth
from dataset.sample.pen import Colour, Pen, arc, rounded

_THROAT: Colour = (96, 18, 30)
_DARK_THROAT: Colour = (58, 26, 40)
_TONGUE: Colour = (242, 112, 130)
_GUM: Colour = (204, 92, 100)
_TOOTH: Colour = (252, 250, 238)


def draw_mouth(pen: Pen, appearance: Appearance, expression: Expression, seconds: float) -> None:
    """Draws the mood's mouth; the ``seconds`` since the clip began move it a little."""
    _MOUTHS[expression.mouth](pen, appearance, expression.mouth_size, seconds)


def _grin(pen: Pen, appearance: Appearance, size: float, seconds: float) -> None:
    w, deep = 0.48 * size, (0.4 + 0.02 * math.sin(5 * seconds)) * size
    pen.disc(0, 0.16, 0.9 * w, deep, appearance.pale)
    lip = [(-w, -0.1), (-0.55 * w, 0.1), (0.0, 0.0), (0.55 * w, 0.1), (w, -0.1)]
    jaw = [(0.86 * w, 0.6 * deep), (0.4 * w, 1.1 * deep), (-0.4 * w, 1.1 * deep),
           (-0.86 * w, 0.6 * deep)]  # fmt: skip
    pen.fill(rounded(lip + jaw), _THROAT)
    tongue = 0.2 if appearance.is_cat else 0.27
    pen.disc(0, deep * 0.98, 0.5 * w, tongue * size, _TONGUE)
    pen.stroke(np.array([(0, deep * 0.75), (0, deep * 1.15)]), 0.025, (206, 78, 100))
    pen.stroke(rounded(lip, closed=False), 0.05, LINE)


def _calm(pen: Pen, _appearance: Appearance, size: float, _seconds: float) -> None:
    w = 0.15 * size
    for side in (-1, 1):
        pen.stroke(arc(side * w, 0.02, w, 0.11, 0, 180, 14), 0.05, LINE)


def _tremble(pen: Pen, _appearance: Appearance, size: float, seconds: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    wave = 1 + 0.05 * np.sin(8 * angles + 9 * seconds)
    ring = np.stack([0.22 * np.cos(angles), 0.16 * np.sin(angles)], axis=1)
    ring = ring * size * wave[:, None] + (0, 0.2)
    pen.stroke(ring, 0.05, LINE)
    pen.fill(ring, _DARK_THROAT)


def _snarl(pen: Pen, appearance: Appearance, size: float, seconds: float) -> None:
    w, deep = 0.52 * size, (0.46 + 0.015 * math.sin(6 * seconds)) * size
    lip = [(-w, 0.1), (-0.6 * w, -0.1), (0.0, 0.02), (0.6 * w, -0.1), (w, 0.1)]
    jaw = [(0.8 * w, 0.9 * deep), (0.0, 1.12 * deep), (-0.8 * w, 0.9 * deep)]
    pen.disc(0, 0.5 * deep, 0.95 * w, 0.72 * deep, appearance.pale)
    outer = rounded(lip + jaw)
    pen.fill(outer, _THROAT)
    pen.stroke(rounded([(-0.8 * w, 0.05), *lip[1:4], (0.8 * w, 0.05)], closed=False), 0.09, _GUM)
    for x, wide, long in ((-0.62, 0.2, 0.28), (-0.3, 0.15, 0.13), (-0.1, 0.12, 0.11),
                          (0.1, 0.12, 0.11), (0.3, 0.15, 0.13), (0.62, 0.2, 0.28)):  # fmt: skip
        _draw_tooth(pen, x * w, -0.02, wide * w, long * size)
    for x, wide, long in ((-0.46, 0.18, 0.2), (-0.16, 0.15, 0.1), (0.16, 0.15, 0.1),
                          (0.46, 0.18, 0.2)):  # fmt: skip
        _draw_tooth(pen, x * w, 0.98 * deep, wide * w, -long * size)
    pen.stroke(np.vstack([outer, outer[:1]]), 0.045, LINE)


def _draw_tooth(pen: Pen, x: float, root: float, half: float, length: float) -> None:
    pen.fill(np.array([(x - half, root), (x + half, root), (x, root + length)]), _TOOTH)


def _frown(pen: Pen, _appearance: Appearance, size: float, _seconds: float) -> None:
    x = np.linspace(-1, 1, 21)
    y = 0.16 + 0.09 * np.abs(x) ** 3
    pen.stroke(np.stack([0.4 * size * x, y], axis=1), 0.085, LINE)


def _droop(pen: Pen, _appearance: Appearance, size: float, seconds: float) -> None:
    x = np.linspace(-1, 1, 21)
    y = 0.12 + 0.26 * x**2 + 0.012 * np.sin(9 * x + 7 * seconds)
    pen.stroke(np.stack([0.36 * size * x, y], axis=1), 0.07, LINE)
    pen.stroke(arc(0, 0.34, 0.12, 0.05, 200, 340, 9), 0.04, LINE)


_MOUTHS: dict[Mouth, Callable[[Pen, Appearance, float, float], None]] = {
    Mouth.GRIN: _grin,
    Mouth.CALM: _calm,
    Mouth.TREMBLE: _tremble,
    Mouth.SNARL: _snarl,
    Mouth.FROWN: _frown,
    Mouth.DROOP: _droop,
}
