"""Boxes around animals: parsing, clipping, and the view that the network sees.

Only arithmetic on integers; ``dataset.photo`` cuts the pixels.
"""

import re
from typing import NamedTuple

from schemas.reasons import RejectReason

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}(\.0{0,9})?")
"""No photo has a side of more than nine digits, and a longer number could overflow an int64."""
MAX_OVERHANG = 0.5
"""The largest share of a side that any setting lets lie outside of the photo. No model accepts a
box of which more does."""


class PixelBox(NamedTuple):
    """Half-open box in pixels of the upright photo: rows y..y+height, columns x..x+width."""

    y: int
    x: int
    height: int
    width: int


class BoxError(ValueError):
    """A box that cannot be used, with the reason for refusing its row."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse_box(text: str) -> PixelBox:
    """Parses ``"y,x,height,width"``; spaces around the numbers are allowed.

    A number may be written with a fraction of zeros, as ``30.0``, which some programs write for 30.
    A corner may lie above or to the left of the photo, at numbers below 0.

    Raises:
      BoxError: BOX_MALFORMED, BOX_NEGATIVE or BOX_EMPTY.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(map(_WHOLE.fullmatch, parts)):
        raise BoxError(
            RejectReason.BOX_MALFORMED, f'a box is "y,x,height,width". Received: {text!r}'
        )
    box = PixelBox(*(int(part.partition(".")[0]) for part in parts))
    if min(box.height, box.width) < 0:
        raise BoxError(RejectReason.BOX_NEGATIVE, f"no side may be below 0. Received: {text!r}")
    if box.height == 0 or box.width == 0:
        raise BoxError(RejectReason.BOX_EMPTY, f"no side may be 0. Received: {text!r}")
    return box


def clip_box(
    box: PixelBox, overhang: float, image_height: int, image_width: int, min_side: int = 1
) -> PixelBox:
    """Returns the part of a box that lies within the photo.

    Along each axis ``int(side * overhang + 0.5)`` pixels of the box may lie outside, both edges
    together. ``models.inputs.preprocessing`` computes the same with tensors, and a test compares
    the two.

    Args:
      box: in pixels of the upright photo.
      overhang: share of the box's own side, 0 to ``MAX_OVERHANG``.
      image_height: of the upright photo, pixels.
      image_width: of the upright photo, pixels.
      min_side: the shortest side of the part that is allowed, pixels, at least 1.

    Raises:
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    top, left = max(0, box.y), max(0, box.x)
    bottom, right = min(image_height, box.y + box.height), min(image_width, box.x + box.width)
    part = PixelBox(top, left, bottom - top, right - left)
    if (
        min(part.height, part.width) < 1
        or box.height - part.height > int(box.height * overhang + 0.5)
        or box.width - part.width > int(box.width * overhang + 0.5)
    ):
        raise BoxError(
            RejectReason.BOX_OUTSIDE_IMAGE,
            f"at most {overhang:g} of a box's side may lie outside the image. "
            f"Received: {placed(box, image_height, image_width)}",
        )
    if min(part.height, part.width) < min_side:
        raise BoxError(
            RejectReason.BOX_TOO_SMALL,
            f"each side must have at least {min_side} pixels. "
            f"Received: {part.height} x {part.width} (height x width)",
        )
    return part


def placed(box: PixelBox, image_height: int, image_width: int) -> str:
    """Returns where a box lies in a photo, for a message."""
    return (
        f"rows {box.y}..{box.y + box.height}, columns {box.x}..{box.x + box.width} of an image of "
        f"{image_height} x {image_width} (height x width)"
    )


def view_of(box: PixelBox, margin: float, image_height: int, image_width: int) -> PixelBox:
    """Returns the view: the box widened on each side by ``margin`` times that side.

    The view ends at the photo's edges. ``models.inputs.preprocessing`` computes the same with
    tensors, and a test compares the two; both widen by ``int(side * margin + 0.5)`` pixels.
    """
    y_margin = int(box.height * margin + 0.5)
    x_margin = int(box.width * margin + 0.5)
    top, left = max(0, box.y - y_margin), max(0, box.x - x_margin)
    bottom = min(image_height, box.y + box.height + y_margin)
    right = min(image_width, box.x + box.width + x_margin)
    return PixelBox(top, left, bottom - top, right - left)
