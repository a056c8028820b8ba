"""Boxes around animals: parsing, checks, and the view that the network sees.

Only arithmetic on integers; ``dataset.photo`` cuts the pixels.
"""

from typing import NamedTuple

from schemas.reasons import RejectReason


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
    # No photo has a side of more than nine digits, and a longer number could overflow an int64.
    return digits.isascii() and digits.isdigit() and len(digits) <= 9


def check_box(box: PixelBox, image_height: int, image_width: int, min_side: int) -> None:
    """Raises an error unless ``box`` lies within the photo and is large enough.

    A box that touches the right or the bottom edge lies within.

    Args:
      box: in pixels of the upright photo.
      image_height: of the upright photo, pixels.
      image_width: of the upright photo, pixels.
      min_side: the shortest side that is allowed, pixels.

    Raises:
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    if box.y + box.height > image_height or box.x + box.width > image_width:
        raise BoxError(
            RejectReason.BOX_OUTSIDE_IMAGE,
            f"a box must lie within the image. Received: rows {box.y}..{box.y + box.height}, "
            f"columns {box.x}..{box.x + box.width} of an image of {image_height} x {image_width} "
            "(height x width)",
        )
    if min(box.height, box.width) < min_side:
        raise BoxError(
            RejectReason.BOX_TOO_SMALL,
            f"each side must have at least {min_side} pixels. "
            f"Received: {box.height} x {box.width} (height x width)",
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
