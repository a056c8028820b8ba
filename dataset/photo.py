"""Photos into what is stored of them: checked, cropped, shrunk, measured, encoded as JPEG."""

import io
import unicodedata
from typing import NamedTuple

from PIL import Image

from dataset.boxes import PixelBox, check_box, view_of
from dataset.crops import CropPlan, plan_crop
from dataset.csv_rows import Opener
from dataset.decoding import Decoded, PictureError, RegionDecoder, decode, opened, orientation_of
from dataset.quality import Quality, quality_fault, quality_of
from dataset.settings import DataSettings
from dataset.similarity import mean_colour, perceptual_hash
from schemas.reasons import RejectReason


class Crop(NamedTuple):
    """What is stored of a photo, and what is known of the view in it.

    Attributes:
      jpeg: the crop, 3-channel RGB.
      window: the model's view inside the crop.
      image_height, image_width: of the upright photo, pixels.
      quality: of the view.
      phash: perceptual hash of the view, 64 bits.
      colour: mean colour of the view, 0xRRGGBB.
    """

    jpeg: bytes
    window: PixelBox
    image_height: int
    image_width: int
    quality: Quality
    phash: int
    colour: int


def read_photo(path: str, opener: Opener = open) -> bytes:
    """Returns the file's bytes.

    Where there is no file of that name, the composed (NFC) and the decomposed (NFD) form of
    the name are tried: archives made on macOS hold Korean names in NFD.

    Raises:
      PictureError: IMAGE_MISSING.
    """
    forms = dict.fromkeys([path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))])
    detail = ""
    for name in forms:
        try:
            with opener(name, "rb") as file:
                return bytes(file.read())
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name.
            detail = detail or str(error)
    raise PictureError(RejectReason.IMAGE_MISSING, detail)


def make_crop(
    photo: bytes,
    box: PixelBox,
    rules: DataSettings,
    side: int,
    decode_region: RegionDecoder | None = None,
) -> Crop:
    """Cuts the view around ``box`` out of an encoded photo.

    Args:
      photo: the file's bytes, in any format that Pillow knows.
      box: in pixels of the upright photo.
      rules: margin, surplus, limits and JPEG quality.
      side: the training resolution, pixels.
      decode_region: decodes parts of ordinary JPEGs faster; None has Pillow decode them whole.

    Raises:
      PictureError: NOT_AN_IMAGE, IMAGE_TOO_LARGE or IMAGE_TRUNCATED, or that of a limit on
        quality which the view breaks.
      BoxError: BOX_OUTSIDE_IMAGE or BOX_TOO_SMALL.
    """
    with opened(photo) as image:
        orientation = orientation_of(image)
        width, height = image.size if orientation < 5 else image.size[::-1]
        if width * height > rules.max_image_pixels:
            raise PictureError(
                RejectReason.IMAGE_TOO_LARGE,
                f"{height} x {width} pixels, the limit is {rules.max_image_pixels}",
            )
        check_box(box, height, width, rules.min_box_side)
        view = view_of(box, rules.box_margin, height, width)
        plan = plan_crop(view, height, width, side, rules.surplus)
        crop = _cut(decode(photo, image, orientation, plan, decode_region), plan)
    y, x, rows, columns = plan.window
    seen = crop.crop((x, y, x + columns, y + rows))
    grey = seen.convert("L")
    quality = quality_of(grey)
    if (fault := quality_fault(quality, rules)) is not None:
        raise PictureError(*fault)
    stored = io.BytesIO()
    # Full colour resolution: at 64 pixels, halved colour is most of what storing changes.
    crop.save(stored, "JPEG", quality=rules.jpeg_quality, subsampling=0)
    return Crop(
        jpeg=stored.getvalue(),
        window=plan.window,
        image_height=height,
        image_width=width,
        quality=quality,
        phash=perceptual_hash(grey),
        colour=mean_colour(seen),
    )


def _cut(decoded: Decoded, plan: CropPlan) -> Image.Image:
    """Cuts and shrinks what was decoded."""
    left, top, right, bottom = plan.source
    pixels = decoded.pixels
    # Rounding up the size of a reduced decode must not push the region past its edge.
    region = (
        max(0.0, (left - decoded.left) * decoded.x_scale),
        max(0.0, (top - decoded.top) * decoded.y_scale),
        min(float(pixels.width), (right - decoded.left) * decoded.x_scale),
        min(float(pixels.height), (bottom - decoded.top) * decoded.y_scale),
    )
    return pixels.resize((plan.width, plan.height), Image.Resampling.BILINEAR, box=region)
