"""Makes the stored crop of a photo: checked, shrunk, measured, as a JPEG."""

import io
from typing import NamedTuple

from PIL import Image

from dataset.boxes import PixelBox, clip_box, view_of
from dataset.crops import CropPlan, plan_crop
from dataset.photos.decoding import Decoded, RegionDecoder, decode
from dataset.photos.opening import opened
from dataset.photos.parsed import PhotoError
from dataset.quality import Quality, quality_fault, quality_of
from dataset.settings import DataSettings
from dataset.similarity import mean_colour, perceptual_hash


class Crop(NamedTuple):
    """The stored crop of a photo, and measures of the view in it.

    Attributes:
      jpeg: the crop, 3-channel RGB.
      box: the part of the box that lies within the photo, in the photo's pixels.
      window: the view inside the crop.
      image_height, image_width: of the upright photo, pixels.
      quality: of the view.
      phash: perceptual hash of the view, 64 bits.
      colour: mean colour of the view, 0xRRGGBB.
    """

    jpeg: bytes
    box: PixelBox
    window: PixelBox
    image_height: int
    image_width: int
    quality: Quality
    phash: int
    colour: int


def make_crop(
    photo: bytes,
    box: PixelBox,
    settings: DataSettings,
    side: int,
    decode_region: RegionDecoder | None = None,
) -> Crop:
    """Makes the stored crop around ``box`` from an encoded photo.

    Args:
      photo: the file's bytes, in one of ``dataset.photos.opening.FORMATS``.
      box: in pixels of the upright photo.
      settings: margin, surplus, limits and JPEG quality.
      side: the training resolution, pixels.
      decode_region: decodes parts of ordinary JPEGs faster; with None, Pillow decodes them whole.

    Raises:
      PhotoError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED, or the reason of a quality
        limit that the view breaks.
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    with opened(photo, settings.max_image_pixels, settings.max_image_bytes) as opened_photo:
        height, width = opened_photo.height, opened_photo.width
        box = clip_box(box, settings.box_overhang, height, width, settings.min_box_side)
        view_box = view_of(box, settings.box_margin, height, width)
        plan = plan_crop(view_box, height, width, side, settings.surplus)
        crop = _cut(decode(opened_photo, plan, decode_region), plan)

    # Quality and hashes are those of the view, without the surplus around it.
    y, x, rows, columns = plan.window
    view = crop.crop((x, y, x + columns, y + rows))
    grey = view.convert("L")
    quality = quality_of(grey)
    if (fault := quality_fault(quality, settings)) is not None:
        raise PhotoError(*fault)

    stored = io.BytesIO()
    # Full colour resolution: at 64 pixels, halved colour is most of the change by storing.
    crop.save(stored, "JPEG", quality=settings.jpeg_quality, subsampling=0)
    return Crop(
        jpeg=stored.getvalue(),
        box=box,
        window=plan.window,
        image_height=height,
        image_width=width,
        quality=quality,
        phash=perceptual_hash(grey),
        colour=mean_colour(view),
    )


def _cut(decoded: Decoded, plan: CropPlan) -> Image.Image:
    """Cuts the planned crop out of the decoded pixels and shrinks it."""
    left, top, right, bottom = plan.source
    pixels = decoded.pixels
    # A reduced decode has its size rounded up, so the region could end past its edge.
    region = (
        max(0.0, (left - decoded.left) * decoded.x_scale),
        max(0.0, (top - decoded.top) * decoded.y_scale),
        min(float(pixels.width), (right - decoded.left) * decoded.x_scale),
        min(float(pixels.height), (bottom - decoded.top) * decoded.y_scale),
    )
    return pixels.resize((plan.width, plan.height), Image.Resampling.BILINEAR, box=region)
