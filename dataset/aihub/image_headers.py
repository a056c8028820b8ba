"""Judging image files by their header: a few KB a file, nothing is decoded."""

from PIL import Image, UnidentifiedImageError

from dataset.decoding import DECODE_ERRORS, orientation_of
from schemas.prepare_reasons import PrepareReason


def header_fault(path: str, width: int, height: int) -> tuple[PrepareReason, str] | None:
    """Returns what is wrong with an image file, or None.

    Args:
      path: of the file.
      width: that the upright picture should have, pixels; EXIF may turn the stored one.
      height: likewise.
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
