"""A pen that draws in face units: the head's centre is (0, 0), its half width is 1.

x grows to the right, y downwards. ``faces`` and the modules of its parts draw with it.
"""

import copy
import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Points = npt.NDArray[np.float64]
"""float64[n, 2]: (x, y) in face units."""


class Pen:
    """Draws filled shapes and round-ended strokes onto an RGB canvas.

    Args:
      canvas: drawn on in place.
      centre: the head's centre on the canvas, (x, y) in pixels.
      scale: pixels per face unit.
      roll: tilt of the face, degrees clockwise.
      light: factors on the colours, (red, green, blue) in [0, 1].
    """

    def __init__(
        self,
        canvas: Image.Image,
        centre: tuple[float, float],
        scale: float,
        roll: float,
        light: tuple[float, float, float],
    ) -> None:
        self._draw = ImageDraw.Draw(canvas)
        self._centre = np.array(centre)
        self._scale = scale
        self._light = light
        cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
        self._rotation = np.array([[cos, sin], [-sin, cos]])

    def moved(self, dx: float, dy: float) -> "Pen":
        """Returns a pen for the same canvas, with its origin at (dx, dy) of this pen."""
        pen = copy.copy(self)
        pen._centre = self._centre + np.array([dx, dy]) @ self._rotation * self._scale
        return pen

    def _pixels(self, points: Points) -> list[float]:
        pixels: list[float] = (
            (points @ self._rotation * self._scale + self._centre).ravel().tolist()
        )
        return pixels

    def _lit(self, colour: Colour) -> Colour:
        red, green, blue = (
            int(value * factor) for value, factor in zip(colour, self._light, strict=True)
        )
        return red, green, blue

    def fill(self, points: Points, colour: Colour) -> None:
        """Fills the polygon through ``points``."""
        self._draw.polygon(self._pixels(points), fill=self._lit(colour))

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fills an ellipse with the radii ``rx`` and ``ry``."""
        self.fill(arc(x, y, rx, ry), colour)

    def stroke(self, points: Points, width: float, colour: Colour) -> None:
        """Draws a line through ``points`` with round joints and ends."""
        thickness = max(1, round(width * self._scale))
        pixels, fill = self._pixels(points), self._lit(colour)
        self._draw.line(pixels, fill=fill, width=thickness, joint="curve")
        radius = thickness / 2 - 0.5
        if radius >= 1:
            for x, y in (pixels[:2], pixels[-2:]):
                self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def hairs(self, roots: Points, tips: Points, colour: Colour) -> None:
        """Draws thin straight lines, one from each root to its tip."""
        thickness, fill = max(1, round(0.014 * self._scale)), self._lit(colour)
        ends = np.array(self._pixels(np.hstack([roots, tips]).reshape(-1, 2)))
        for line in ends.reshape(-1, 4).tolist():
            self._draw.line(line, fill=fill, width=thickness)


def arc(
    x: float, y: float, rx: float, ry: float, start: float = 0, stop: float = 360, n: int = 36
) -> Points:
    """Returns ``n`` points of an ellipse, from ``start`` to ``stop`` degrees.

    0 degrees is to the right and 90 downwards, because y grows downwards.
    """
    angles = np.radians(np.linspace(start, stop, n))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def rounded(corners: list[tuple[float, float]], closed: bool = True, times: int = 3) -> Points:
    """Returns a smooth curve along ``corners``: Chaikin's corner cutting, ``times`` times."""
    points = np.array(corners)
    for _ in range(times):
        after = np.roll(points, -1, axis=0) if closed else points[1:]
        before = points if closed else points[:-1]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1)
        smooth = cut.reshape(-1, 2)
        points = smooth if closed else np.vstack([points[:1], smooth, points[-1:]])
    return points
