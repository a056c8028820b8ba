"""Checks image files by their headers: it reads a few KB per file and decodes nothing."""

from dataset.photos import opening
from dataset.photos.exif import upright_size
from dataset.photos.files import read_beginning, read_file
from dataset.photos.parsed import IncompleteError, Parsed, PhotoError
from schemas.limits import MAX_IMAGE_PIXELS
from schemas.prepare_reasons import PrepareReason
from schemas.reasons import RejectReason

_BEGINNING = 64 * 1024
"""Bytes that are read first. A JPEG of a camera has its size behind up to 64 KiB of EXIF."""


def header_fault(path: str, width: int, height: int) -> tuple[PrepareReason, str] | None:
    """Returns the fault of an image file, as (reason, detail); None for a sound file.

    Args:
      path: of the file.
      width: expected width of the upright image, pixels; EXIF may turn the stored one.
      height: expected height of the upright image, pixels.
    """
    try:
        upright_height, upright_width, orientation = _upright_header(path)
    except PhotoError as error:
        if error.reason == RejectReason.IMAGE_MISSING:
            return PrepareReason.IMAGE_UNREADABLE, str(error)
        return PrepareReason.NOT_AN_IMAGE, str(error)
    if (upright_width, upright_height) == (width, height):
        return None
    return (
        PrepareReason.IMAGE_SIZE_WRONG,
        f"{upright_width} x {upright_height} upright (EXIF orientation {orientation}), the "
        f"metadata says {width} x {height} (width x height)",
    )


def _upright_header(path: str) -> tuple[int, int, int]:
    """Returns (height, width, orientation) of the upright image."""
    beginning = read_beginning(path, _BEGINNING)
    try:
        _, parsed = opening.parse(beginning)
    except PhotoError as error:
        if not isinstance(error.__cause__, IncompleteError) or len(beginning) < _BEGINNING:
            raise
        return _whole_header(path)
    return _from_parsed(parsed) if parsed.height else _whole_header(path)


def _whole_header(path: str) -> tuple[int, int, int]:
    with opening.opened(read_file(path), MAX_IMAGE_PIXELS) as photo:
        return photo.height, photo.width, photo.orientation


def _from_parsed(parsed: Parsed) -> tuple[int, int, int]:
    height, width = upright_size(parsed.height or 0, parsed.width or 0, parsed.orientation)
    return height, width, parsed.orientation
