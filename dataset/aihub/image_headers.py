"""Checks image files by their headers: it reads a few KB per file and decodes nothing."""

from PIL import Image, UnidentifiedImageError

from dataset.decoding import DECODE_ERRORS, orientation_of
from schemas.prepare_reasons import PrepareReason


def header_fault(path: str, width: int, height: int) -> tuple[PrepareReason, str] | None:
    """Returns the fault of an image file, as (reason, detail); None for a sound file.

    Args:
      path: of the file.
      width: expected width of the upright image, pixels; EXIF may turn the stored one.
      height: expected height of the upright image, pixels.
    """
    try:
        with Image.open(path) as image:
            orientation = orientation_of(image)
            stored = image.size
    except UnidentifiedImageError:
        return PrepareReason.NOT_AN_IMAGE, "no known header"
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        return PrepareReason.IMAGE_UNREADABLE, error.strerror or ""
    except DECODE_ERRORS as error:
        return PrepareReason.NOT_AN_IMAGE, str(error)
    upright = stored if orientation < 5 else stored[::-1]
    if upright == (width, height):
        return None
    return (
        PrepareReason.IMAGE_SIZE_WRONG,
        f"{upright[0]} x {upright[1]} upright (EXIF orientation {orientation}), the metadata "
        f"says {width} x {height} (width x height)",
    )
