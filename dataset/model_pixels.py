"""Preprocessing as reference code: from a photo's decoded pixels to what the network sees.

It needs NumPy alone, and follows docs/preprocessing.md step by step. The servable computes the same
pixels in TensorFlow (``models.inputs.photo``); ``deploy/browser/preprocessing.js`` does so in a
browser. Tests hold the three equal. All sums are of float32, in the order that is told, because a
sum in another order can round another way.
"""

import math

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rectangle = tuple[int, int, int, int]
"""(y, x, height, width), pixels; rows y..y+height, columns x..x+width."""

ROWS_MIRRORED, COLUMNS_MIRRORED, ON_ITS_SIDE = (3, 4, 6, 7), (2, 3, 7, 8), (5, 6, 7, 8)
"""EXIF orientations whose stored pixels become upright by these steps, in this order: mirror the
rows, mirror the columns, swap rows and columns."""
_WIDE, _WIDE_COLUMNS = 16, 8192
"""Columns per row, and columns, above which the columns are scaled before the rows."""


def network_pixels(
    stored: Pixels,
    orientation: int,
    box: Rectangle | None,
    *,
    resolution: int,
    box_margin: float,
    box_overhang: float,
) -> Pixels | None:
    """Returns uint8[resolution, resolution, 3]; None where the box lies outside of the photo.

    Args:
      stored: uint8[height, width, 3], RGB, as the decoder gives them.
      orientation: of EXIF, 1 to 8; 1 where there is none.
      box: in pixels of the upright photo; None is the whole photo.
      resolution: of ``preprocessing.json``.
      box_margin: likewise.
      box_overhang: likewise.
    """
    height, width = stored.shape[:2]
    upright_height, upright_width = (
        (width, height) if orientation in ON_ITS_SIDE else (height, width)
    )
    view: Rectangle | None = (0, 0, upright_height, upright_width)
    if box is not None:
        view = view_of(box, upright_height, upright_width, box_margin, box_overhang)
    if view is None:
        return None
    y, x, rows, columns = stored_view(view, height, width, orientation)
    return upright(resized(stored[y : y + rows, x : x + columns], resolution), orientation)


def view_of(
    box: Rectangle, height: int, width: int, box_margin: float, box_overhang: float
) -> Rectangle | None:
    """Returns the view of a box on an upright photo; None where too much of it lies outside."""
    y, x, rows, columns = box
    top, left = max(0, y), max(0, x)
    bottom, right = min(height, y + rows), min(width, x + columns)
    if (
        min(rows, columns, bottom - top, right - left) < 1
        or rows - (bottom - top) > int(rows * box_overhang + 0.5)
        or columns - (right - left) > int(columns * box_overhang + 0.5)
    ):
        return None
    y_margin = int((bottom - top) * box_margin + 0.5)
    x_margin = int((right - left) * box_margin + 0.5)
    top, left = max(0, top - y_margin), max(0, left - x_margin)
    bottom, right = min(height, bottom + y_margin), min(width, right + x_margin)
    return top, left, bottom - top, right - left


def stored_view(view: Rectangle, height: int, width: int, orientation: int) -> Rectangle:
    """Returns a view of the upright photo in pixels of the stored one, of this size."""
    y, x, rows, columns = view
    if (
        orientation in ON_ITS_SIDE
    ):  # The stored photo lies on its side: rows and columns are swapped.
        y, x, rows, columns = x, y, columns, rows
    if orientation in ROWS_MIRRORED:
        y = height - y - rows
    if orientation in COLUMNS_MIRRORED:
        x = width - x - columns
    return y, x, rows, columns


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Returns stored pixels as people see them: flips first, then the swap of rows and columns."""
    if orientation in ROWS_MIRRORED:
        pixels = pixels[::-1]
    if orientation in COLUMNS_MIRRORED:
        pixels = pixels[:, ::-1]
    return pixels.swapaxes(0, 1) if orientation in ON_ITS_SIDE else pixels


def resized(pixels: Pixels, resolution: int) -> Pixels:
    """Resizes uint8[height, width, 3] by the antialiased triangle filter."""
    height, width = pixels.shape[:2]
    if (height, width) == (resolution, resolution):
        return pixels
    if width > max(_WIDE * height, _WIDE_COLUMNS):
        return resized_rows_first(pixels.swapaxes(0, 1), resolution).swapaxes(0, 1)
    return resized_rows_first(pixels, resolution)


def resized_rows_first(pixels: Pixels, resolution: int) -> Pixels:
    """Resizes along the rows, then along the columns, and rounds half to even."""
    rows = _weighted_sums(pixels, resolution)
    sums = _weighted_sums(rows.swapaxes(0, 1), resolution).swapaxes(0, 1)
    return np.clip(np.rint(sums), 0, 255).astype(np.uint8)


def _weighted_sums(pixels: npt.NDArray[np.generic], size: int) -> Floats:
    """Returns float32[size, ...]: each output's weighted sum of its inputs, in their order."""
    sums = np.zeros((size, *pixels.shape[1:]), np.float32)
    for index, (start, weights) in enumerate(spans(pixels.shape[0], size)):
        for step, weight in enumerate(weights):
            sums[index] += weight * pixels[start + step].astype(np.float32)
    return sums


def spans(inputs: int, outputs: int) -> list[tuple[int, list[np.float32]]]:
    """Returns for each output the first input of its sum, and the inputs' weights.

    Every number is a float32, and each operation rounds to one.
    """
    one, half = np.float32(1), np.float32(0.5)
    # Outputs for each input, and its reciprocal: two roundings.
    scale = np.float32(outputs) / np.float32(inputs)
    inverse = one / scale
    radius = max(inverse, one)  # Of the triangle: antialiased where the picture shrinks.
    over_radius = one / radius
    found = []
    for output in range(outputs):
        centre = (np.float32(output) + half) * inverse
        first = min(max(math.ceil(centre - radius - half), 0), inputs - 1)
        last = min(max(math.floor(centre + radius - half), 0), inputs - 1)
        weights = [
            max(np.float32(0), one - abs((np.float32(i) + half - centre) * over_radius))
            for i in range(first, last + 1)
        ]
        total = np.float32(0)
        for weight in weights:
            total += weight
        over_total = one / total
        found.append((first, [weight * over_total for weight in weights]))
    return found
