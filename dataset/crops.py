"""How much of a photo is stored for a view, and at what size: arithmetic only.

The view is stored at most ``side`` pixels high and wide, so that training at ``side`` reads
no pixel too many and never has to shrink; an axis that is shorter is stored as it is, for
blown-up pixels carry nothing. Around the view a surplus is kept for random crops, as far as
the photo reaches.
"""

from typing import NamedTuple

from dataset.boxes import PixelBox


class CropPlan(NamedTuple):
    """What to cut out and how to store it.

    Attributes:
      height, width: of the stored crop, pixels.
      window: the view inside the stored crop.
      source: (left, top, right, bottom) in pixels of the photo, fractional, such that the
        view falls on whole pixels of the stored crop.
    """

    height: int
    width: int
    window: PixelBox
    source: tuple[float, float, float, float]


def plan_crop(
    view: PixelBox, image_height: int, image_width: int, side: int, surplus: float
) -> CropPlan:
    """Plans the stored crop of ``view``.

    Args:
      view: what the model sees, within the image.
      image_height: of the upright photo, pixels.
      image_width: of the upright photo, pixels.
      side: the training resolution, pixels.
      surplus: stored around the view, share of the stored view's side, half on each side.
    """
    top, bottom, height = _axis(view.y, view.height, image_height, side, surplus)
    left, right, width = _axis(view.x, view.width, image_width, side, surplus)
    y_scale, x_scale = view.height / height, view.width / width
    return CropPlan(
        height=top + height + bottom,
        width=left + width + right,
        window=PixelBox(top, left, height, width),
        source=(
            view.x - left * x_scale,
            view.y - top * y_scale,
            view.x + view.width + right * x_scale,
            view.y + view.height + bottom * y_scale,
        ),
    )


def _axis(start: int, length: int, limit: int, side: int, surplus: float) -> tuple[int, int, int]:
    """Returns (pixels before, pixels after, pixels of the view) along one stored axis."""
    stored = min(length, side)
    wanted = int(stored * surplus / 2)
    before = min(wanted, start * stored // length)
    after = min(wanted, (limit - start - length) * stored // length)
    return before, after, stored
