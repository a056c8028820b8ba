"""Writes rows that must be refused, one for each of ``FAULTS``, each with its own file."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from dataset.boxes import PixelBox
from dataset.sample.clips import Frame
from dataset.sample.rows import SampleRow
from dataset.settings import DataSettings
from schemas.reasons import FAULTS, RejectReason

_NOT_DRAWN = (
    RejectReason.ROW_MALFORMED,
    RejectReason.DUPLICATE_ROW,
    RejectReason.UNEXPECTED_ERROR,
    RejectReason.IMAGE_OUTSIDE_ROOT,  # Of a setting that is off.
)
DRAWN_FAULTS = tuple(reason for reason in FAULTS if reason not in _NOT_DRAWN)
"""The faults with an extra row. The duplicate row repeats a good row instead."""

_NO_MOOD = "배고픔"
"""Hunger, which is not in the label map."""
_HUGE = (9000, 8000)
"""Width and height, 56 megapixels: above the default ``max_image_pixels``, and below the size for
which Pillow warns of a decompression bomb."""
_TINY_SIDE = 8
"""Pixels: below the default ``min_box_side``."""
_OVERHANG = DataSettings().box_overhang
_KEPT_SHARE = 0.45
"""Share of a truncated file's bytes. The cut goes through the animal, which is in the middle."""


def save_fault(
    folder: Path, reason: RejectReason, frame: Frame, row: SampleRow, quality: int
) -> SampleRow:
    """Writes the frame's file with the fault, and returns its row.

    Args:
      folder: of the CSV, to which the row's path is relative; the image's folder exists.
      reason: the expected reason of refusal, one of ``DRAWN_FAULTS``.
      frame: the image to write.
      row: the frame's row without the fault.
      quality: of JPEGs.
    """
    path = folder / row.image_path
    if reason in _FILES:
        _FILES[reason](path, frame, quality)
    else:
        frame.image.save(path, quality=quality)
    if reason == RejectReason.UNKNOWN_LABEL:
        return row._replace(labels=_NO_MOOD)
    if reason in _BOXES:
        return row._replace(bbox=_BOXES[reason](frame.box, frame.image.width))
    return row


def _save_nothing(_path: Path, _frame: Frame, _quality: int) -> None:
    """Writes no file."""


def _save_text(path: Path, _frame: Frame, _quality: int) -> None:
    path.write_text("<html><body>404 Not Found</body></html>\n", encoding="utf-8")


def _save_huge(path: Path, _frame: Frame, _quality: int) -> None:
    # One bit a pixel keeps this at some 9 MB of memory and a few KB on disk.
    Image.new("1", _HUGE, 1).save(path, format="PNG")


def _save_truncated(path: Path, frame: Frame, quality: int) -> None:
    frame.image.save(path, quality=quality)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * _KEPT_SHARE)])


_FILES: dict[RejectReason, Callable[[Path, Frame, int], None]] = {
    RejectReason.IMAGE_MISSING: _save_nothing,
    RejectReason.NOT_AN_IMAGE: _save_text,
    RejectReason.IMAGE_TOO_LARGE: _save_huge,
    RejectReason.IMAGE_TRUNCATED: _save_truncated,
}

_BOXES: dict[RejectReason, Callable[[PixelBox, int], str]] = {
    RejectReason.BOX_MALFORMED: lambda box, _: f"{box.y},{box.x},{box.height}",
    RejectReason.BOX_NEGATIVE: lambda box, _: f"{box.y},{box.x},{box.height},-3",
    RejectReason.BOX_EMPTY: lambda box, _: f"{box.y},{box.x},{box.height},0",
    # One pixel further than is clipped, so that an off-by-one error would be found.
    RejectReason.BOX_OUTSIDE_IMAGE: lambda box, width: ",".join(
        map(str, box._replace(x=width - box.width + int(box.width * _OVERHANG + 0.5) + 1))
    ),
    RejectReason.BOX_TOO_SMALL: lambda box, _: f"{box.y},{box.x},{_TINY_SIDE},{_TINY_SIDE}",
}
