"""From the locator's map to a box, as reference code that needs NumPy alone.

It follows docs/preprocessing.md; ``deploy/browser/locating.js`` does the same in a browser, and
``models.servable.finding`` in TensorFlow. Tests hold the three equal.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dataset.model_pixels import Rectangle, view_of

Floats = npt.NDArray[np.float32]

SECOND_LOOK_MARGIN = 0.5
"""What the second look sees beyond the first box on each side, as a share of its side."""


class Place(NamedTuple):
    """The best place of a map.

    Attributes:
      score: in 0..1.
      ends: float32[4], (top, left, bottom, right) as shares of the sides of what was seen.
    """

    score: float
    ends: Floats


def best_place(located: Floats) -> Place:
    """Returns the best place in a map, float32[g, g, 5]."""
    cells = located.shape[0]
    row, column = divmod(int(located[..., 0].argmax()), cells)
    logit, *distances = located[row, column]
    middle = (np.array([row, column], np.float32) + np.float32(0.5)) / np.float32(cells)
    ends = np.concatenate([middle - distances[:2], middle + distances[2:]])
    score = 1 / (1 + np.exp(-np.float64(logit)))
    return Place(float(score), np.clip(ends, 0, 1).astype(np.float32))


def pixel_box(ends: Floats, height: int, width: int) -> Rectangle:
    """Returns a place as a box of whole pixels, at least one, within a photo."""
    top, left, bottom, right = np.rint(ends.astype(np.float64) * ([height, width] * 2)).tolist()
    y, x = min(max(int(top), 0), height - 1), min(max(int(left), 0), width - 1)
    return y, x, min(max(int(bottom), y + 1), height) - y, min(max(int(right), x + 1), width) - x


def second_view(box: Rectangle, height: int, width: int) -> Rectangle:
    """Returns what the second look sees around the first box."""
    view = view_of(box, height, width, SECOND_LOOK_MARGIN, 0.0)
    assert view is not None
    return view


def in_photo(ends: Floats, view: Rectangle, height: int, width: int) -> Floats:
    """Returns a place in the photo, float32[4], of one in a view of it."""
    corner, sides = (np.array(view[i : i + 2] * 2, np.float32) for i in (0, 2))
    return ((corner + ends * sides) / np.array([height, width] * 2, np.float32)).astype(np.float32)
