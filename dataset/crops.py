"""Plans of stored crops: the region of the photo and the size in pixels.

The view is stored with at most ``side`` pixels along each axis. So training at that resolution
reads no more pixels than it needs and never has to shrink. A shorter axis is stored as it is,
because enlarged pixels carry no information. The surplus around the view is for random crops in
training; it ends at the photo's edges.
"""

from typing import NamedTuple

from dataset.boxes import PixelBox


class CropPlan(NamedTuple):
    """The region of the photo to cut out, and the size to store it at.

    Attributes:
      height, width: of the stored crop, pixels.
      window: the view inside the stored crop.
      source: (left, top, right, bottom) in pixels of the photo. They are fractional, so that
        the view falls on whole pixels of the stored crop.
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
      view: the view, within the photo.
      image_height: of the upright photo, pixels.
      image_width: of the upright photo, pixels.
      side: the training resolution, pixels.
      surplus: as a share of the stored view's side, half of it on each side.
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
    """Returns (pixels before the view, pixels after it, pixels of it) along one stored axis."""
    stored = min(length, side)
    surplus_pixels = int(stored * surplus / 2)
    before = min(surplus_pixels, start * stored // length)
    after = min(surplus_pixels, (limit - start - length) * stored // length)
    return before, after, stored
