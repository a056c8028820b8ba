"""Boxes around animals: their text, their checks, and the view that the model gets of them.

Here is arithmetic on integers only; pictures are cut in ``dataset.photo``.
"""

from typing import NamedTuple

from schemas.reasons import RejectReason


class PixelBox(NamedTuple):
    """Half-open box in pixels of the upright image: rows y..y+height, columns x..x+width."""

    y: int
    x: int
    height: int
    width: int


class BoxError(ValueError):
    """A box that cannot be used, with the reason it is refused for."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse_box(text: str) -> PixelBox:
    """Returns the box that ``"y,x,height,width"`` names; spaces around numbers are fine.

    Raises:
      BoxError: BOX_MALFORMED, BOX_NEGATIVE or BOX_EMPTY.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(_is_integer(part) for part in parts):
        raise BoxError(
            RejectReason.BOX_MALFORMED, f'a box is "y,x,height,width". Received: {text!r}'
        )
    box = PixelBox(*(int(part) for part in parts))
    if min(box) < 0:
        raise BoxError(RejectReason.BOX_NEGATIVE, f"no number may be below 0. Received: {text!r}")
    if box.height == 0 or box.width == 0:
        raise BoxError(RejectReason.BOX_EMPTY, f"no side may be 0. Received: {text!r}")
    return box


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in "+-" else text
    # More than nine digits are no pixel count, and must not overflow an int64 later.
    return digits.isascii() and digits.isdigit() and len(digits) <= 9


def check_box(box: PixelBox, image_height: int, image_width: int, min_side: int) -> None:
    """Raises unless ``box`` lies within an image of that size (pixels, upright).

    A box that touches the right or the bottom edge lies within.

    Raises:
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    if box.y + box.height > image_height or box.x + box.width > image_width:
        raise BoxError(
            RejectReason.BOX_OUTSIDE_IMAGE,
            f"rows {box.y}..{box.y + box.height}, columns {box.x}..{box.x + box.width} "
            f"of an image of {image_height} x {image_width} (height x width)",
        )
    if min(box.height, box.width) < min_side:
        raise BoxError(
            RejectReason.BOX_TOO_SMALL,
            f"{box.height} x {box.width}, the shortest side may be {min_side}",
        )


def view_of(box: PixelBox, margin: float, image_height: int, image_width: int) -> PixelBox:
    """Returns the box widened on each side by ``margin`` of its own side, cut at the edges.

    This is what the model sees. ``models.inputs.preprocessing`` does the same with tensors, and
    a test holds the two equal; both widen by ``int(side * margin + 0.5)`` pixels.
    """
    dy = int(box.height * margin + 0.5)
    dx = int(box.width * margin + 0.5)
    top, left = max(0, box.y - dy), max(0, box.x - dx)
    bottom = min(image_height, box.y + box.height + dy)
    right = min(image_width, box.x + box.width + dx)
    return PixelBox(top, left, bottom - top, right - left)
