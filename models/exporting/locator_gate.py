"""The gate of an exported locator: whether it finds what the servable finds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.location.judging import ious

MAX_DIFFERENCE = 1e-3
"""Largest difference of a score in float32."""
SAME_IOU = 0.9
"""Intersection over union from which on two boxes are nearly the same."""
MIN_SAME = 0.99
"""Least share of pictures with the servable's find: of photos, and of background."""


class Finds(NamedTuple):
    """Finds in pictures.

    Attributes:
      scores: float32[n], of the best place in each.
      boxes: float32[n, 4], (y, x, height, width); zeros where no animal is found.
    """

    scores: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.float32]


class Parity(NamedTuple):
    """How the finds of a format compare with the servable's; see ``LocatorExport``."""

    passed: bool
    reason: str
    max_difference: float
    same_finds: float
    same_empty: float | None


def compare(found: Finds, asked: Finds, photos: int, *, is_float32: bool) -> Parity:
    """Returns whether a format's finds pass, and why.

    Photos and background pass each for itself: in a mean, those that are easy hide the others.

    Args:
      found: the format's.
      asked: the servable's, in the same pictures.
      photos: so many of them come first, at least one; the others show background alone.
      is_float32: whether the format computes in float32.
    """
    difference = float(np.abs(found.scores - asked.scores).max())
    same = np.array([_is_same(*pair) for pair in zip(found.boxes, asked.boxes, strict=True)])
    same_finds = float(same[:photos].mean())
    same_empty = float(same[photos:].mean()) if len(same) > photos else None
    passed = same_finds >= MIN_SAME and (same_empty is None or same_empty >= MIN_SAME)
    received = f"{same_finds:.1%} of {photos} photos"
    if same_empty is not None:
        received += f" and {same_empty:.1%} of {len(same) - photos} pictures of background"
    reason = (
        f"at least {MIN_SAME:.0%} of the photos, and of background, must have the servable's "
        f"find, boxes with an intersection over union of {SAME_IOU:g}. Received: {received}"
    )
    if is_float32:
        passed &= difference <= MAX_DIFFERENCE  # NaN does not pass.
        reason = (
            f"scores in float32 must differ by at most {MAX_DIFFERENCE:g}, and {reason}, with a "
            f"difference of {difference:.1e}"
        )
    return Parity(passed, reason, difference, same_finds, same_empty)


def _is_same(box: Sequence[float], other: Sequence[float]) -> bool:
    sides = [np.array([[y, x, y + h, x + w]], np.float32) for y, x, h, w in (box, other)]
    if not any(box) or not any(other):
        return not any(box) and not any(other)
    return bool(ious(*sides)[0, 0] >= SAME_IOU)
