"""Surroundings of the face: background, body, light and the camera's noise.

Backgrounds are drawn at a quarter of the size and enlarged, which is cheap and looks out of
focus. Nothing here depends on the mood.
"""

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from dataset.sample.appearance import Appearance

_SHRINK = 4
_NOISE_SPREAD = 3.0
"""Standard deviation of the camera's noise, grey levels."""
_NOISE_SPARE = 64

Floats = npt.NDArray[np.float64]


class Scene:
    """The surroundings of one clip, the same in all of its frames.

    Args:
      width, height: of a frame, pixels.
      head: mean (x, y, half width) of the head, pixels of the frame.
      appearance: of the animal; its body is part of the background.
      rng: source of all randomness.
    """

    def __init__(
        self,
        width: int,
        height: int,
        head: tuple[float, float, float],
        appearance: Appearance,
        rng: np.random.Generator,
    ) -> None:
        self._size = (width, height)
        self.shake = max(2, min(width, height) // 60)
        """Largest movement of the camera to each side, pixels."""

        # Room and body, small.
        full_width, full_height = width + 2 * self.shake, height + 2 * self.shake
        small = Image.fromarray(
            _texture(-(-full_width // _SHRINK), -(-full_height // _SHRINK), rng)
        )
        _draw_furniture(small, rng)
        x, y, unit = head
        small_head = (x + self.shake) / _SHRINK, (y + self.shake) / _SHRINK, unit / _SHRINK
        _draw_body(small, small_head, appearance)

        # Light, and full size. Without the blur each small pixel's corners would be visible.
        small = small.filter(ImageFilter.GaussianBlur(0.9))
        light = _light(rng)
        small = ImageChops.multiply(small, light.resize(small.size, Image.Resampling.BICUBIC))
        self._backdrop = small.resize((full_width, full_height), Image.Resampling.BICUBIC)
        column, row = int(x / width * light.width), int(y / height * light.height)
        red, green, blue = (np.asarray(light)[row, column] / 255).tolist()
        self.light: tuple[float, float, float] = (red, green, blue)
        """Light at the head: (red, green, blue) in [0, 1]."""

    def backdrop(self, dx: int, dy: int) -> Image.Image:
        """Returns the background for a camera moved by (dx, dy) pixels, within ``shake``."""
        left, top = self.shake + dx, self.shake + dy
        return self._backdrop.crop((left, top, left + self._size[0], top + self._size[1]))

    def with_noise(self, frame: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Returns the frame with the camera's noise."""
        left, top = rng.integers(0, _NOISE_SPARE + 1, 2).tolist()
        width, height = self._size
        noise = _noise(width, height).crop((left, top, left + width, top + height))
        return ImageChops.add(frame, noise, 1.0, -128)


@functools.lru_cache(maxsize=4)
def _noise(width: int, height: int) -> Image.Image:
    """Returns noise around 128, larger than a frame; each frame takes another part of it.

    New noise for each frame would cost more than the rest of the drawing.
    """
    shape = (height + _NOISE_SPARE, width + _NOISE_SPARE, 3)
    values = np.random.default_rng(0).normal(128.5, _NOISE_SPREAD, shape)
    return Image.fromarray(values.astype(np.uint8))


def _texture(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Returns a wall above a floor, uint8[height, width, 3], both with a pattern and stains."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    horizon = rng.uniform(0.3, 0.9) * height / max(width, height) + rng.uniform(-0.1, 0.1) * x
    floor = 1 / (1 + np.exp(-(y - horizon) * 90))
    wall_colour, floor_colour = _room_colours(2, rng)
    colour = wall_colour + floor[..., None] * (floor_colour - wall_colour)
    shade = (1 - floor) * _pattern(x, y, rng) + floor * _pattern(x, y, rng)
    shade += sum(_stains(width, height, cells, rng) * strength
                 for cells, strength in ((4, 22.0), (14, 16.0), (48, 12.0)))  # fmt: skip
    return np.asarray(np.clip(colour + shade[..., None], 8, 250), dtype=np.uint8)


def _pattern(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Returns a plain surface, stripes, checks or dots, as grey levels around 0."""
    kind = rng.integers(4)
    frequency = rng.uniform(30, 90)
    angle = rng.uniform(0, np.pi)
    along = np.sin(frequency * (x * np.cos(angle) + y * np.sin(angle)))
    across = np.sin(frequency * (y * np.cos(angle) - x * np.sin(angle)))
    strength = rng.uniform(8, 24)
    shapes = (np.zeros_like(x), along, np.sign(along * across), np.maximum(along * across, 0))
    return np.asarray(shapes[kind] * strength)


def _stains(width: int, height: int, cells: int, rng: np.random.Generator) -> Floats:
    """Returns smooth noise in [-1, 1], interpolated from ``cells`` x ``cells`` random values."""
    coarse = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8))
    fine = coarse.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(fine, dtype=np.float64) / 127.5 - 1


def _room_colours(n: int, rng: np.random.Generator) -> Floats:
    """Returns ``n`` muted colours, float64[n, 3] in 62..228."""
    hues = rng.uniform(-1, 1, (n, 3))
    return np.asarray(rng.uniform(90, 200, (n, 1)) + 28 * hues)


def _draw_furniture(small: Image.Image, rng: np.random.Generator) -> None:
    """Draws some rectangles and ellipses as furniture."""
    draw = ImageDraw.Draw(small)
    for red, green, blue in _room_colours(int(rng.integers(2, 6)), rng).astype(int).tolist():
        x, y = (rng.uniform(0, 1, 2) * small.size).tolist()
        rx, ry = (rng.uniform(0.04, 0.2, 2) * max(small.size)).tolist()
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x - rx, y - ry, x + rx, y + ry), fill=(red, green, blue))


def _draw_body(
    small: Image.Image, head: tuple[float, float, float], appearance: Appearance
) -> None:
    """Draws a sitting body below the head; the frame's edge may cut it off."""
    draw = ImageDraw.Draw(small)
    x, y, unit = head
    for middle, rx, top, bottom, colour in (
        (0.0, 1.3, 1.2, 4.6, appearance.mark),
        (-0.95, 0.62, 2.7, 4.6, appearance.mark),
        (0.95, 0.62, 2.7, 4.6, appearance.mark),
        (0.0, 1.02, 0.5, 4.2, appearance.coat),
        (0.0, 0.62, 0.9, 2.9, appearance.pale),
        (-0.42, 0.36, 2.0, 4.6, appearance.coat),
        (0.42, 0.36, 2.0, 4.6, appearance.coat),
        (-0.46, 0.42, 4.3, 4.75, appearance.pale),
        (0.46, 0.42, 4.3, 4.75, appearance.pale),
    ):
        left, right = x + (middle - rx) * unit, x + (middle + rx) * unit
        draw.ellipse((left, y + top * unit, right, y + bottom * unit), fill=colour)


def _light(rng: np.random.Generator) -> Image.Image:
    """Returns factors on the pixels, 0..255 for [0, 1]: a gradient in a warm or cool tint."""
    y, x = np.mgrid[-1:1:16j, -1:1:16j]
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.12) * (x * np.cos(angle) + y * np.sin(angle))
    tint = 1 - rng.uniform(0, 0.08, 3)
    level = (rng.uniform(0.78, 0.97) + slope)[..., None] * tint
    return Image.fromarray((np.clip(level, 0, 1) * 255).astype(np.uint8))
