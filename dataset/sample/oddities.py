"""Writes rows that are unusual and must still be used: colour modes, EXIF, spellings."""

import enum
import unicodedata
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from dataset.sample.clips import Frame
from dataset.sample.rows import SampleRow

_ORIENTATION_TAG = 0x0112


class Oddity(str, enum.Enum):
    """Kinds of unusual rows; a row has one of them."""

    GREYSCALE = "greyscale"
    CMYK = "cmyk"
    PALETTE = "palette"
    RGBA = "rgba"
    PNG_NAMED_JPG = "png_named_jpg"
    EXIF_ROTATED = "exif_rotated"
    """Orientation 6: viewers turn it by 90 degrees clockwise. The box is in upright pixels."""
    DECOMPOSED_LABEL = "decomposed_label"
    SPACED_BOX = "spaced_box"
    QUOTED_PATH = "quoted_path"
    """The file's name has a comma and quotes."""


def save_oddity(
    folder: Path, oddity: Oddity, frame: Frame, row: SampleRow, quality: int
) -> SampleRow:
    """Writes the frame's file with the oddity, and returns its row.

    Args:
      folder: of the CSV, to which the row's path is relative; the image's folder exists.
      oddity: kind of the oddity.
      frame: the image to write.
      row: the frame's row without the oddity.
      quality: of JPEGs.
    """
    return _SAVERS[oddity](folder, frame, row, quality)


def _in_mode(mode: str) -> Callable[[Path, Frame, SampleRow, int], SampleRow]:
    def save(folder: Path, frame: Frame, row: SampleRow, quality: int) -> SampleRow:
        frame.image.convert(mode).save(folder / row.image_path, quality=quality)
        return row

    return save


def _palette(folder: Path, frame: Frame, row: SampleRow, _quality: int) -> SampleRow:
    odd = row._replace(image_path=row.image_path.removesuffix(".jpg") + ".png")
    frame.image.quantize(128, Image.Quantize.FASTOCTREE).save(folder / odd.image_path)
    return odd


def _rgba(folder: Path, frame: Frame, row: SampleRow, _quality: int) -> SampleRow:
    odd = row._replace(image_path=row.image_path.removesuffix(".jpg") + ".png")
    y, x, height, width = frame.box
    alpha = Image.new("L", frame.image.size, 96)
    alpha.paste(255, (x, y, x + width, y + height))
    image = frame.image.copy()
    image.putalpha(alpha)
    image.save(folder / odd.image_path, compress_level=1)
    return odd


def _png_named_jpg(folder: Path, frame: Frame, row: SampleRow, _quality: int) -> SampleRow:
    frame.image.save(folder / row.image_path, format="PNG", compress_level=1)
    return row


def _exif_rotated(folder: Path, frame: Frame, row: SampleRow, quality: int) -> SampleRow:
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = 6
    stored = frame.image.transpose(Image.Transpose.ROTATE_90)
    stored.save(folder / row.image_path, quality=quality, exif=exif)
    return row


def _decomposed_label(folder: Path, frame: Frame, row: SampleRow, quality: int) -> SampleRow:
    frame.image.save(folder / row.image_path, quality=quality)
    return row._replace(labels=unicodedata.normalize("NFD", row.labels))


def _spaced_box(folder: Path, frame: Frame, row: SampleRow, quality: int) -> SampleRow:
    frame.image.save(folder / row.image_path, quality=quality)
    return row._replace(bbox=f" {row.bbox.replace(',', ' ,  ')} ")


def _quoted_path(folder: Path, frame: Frame, row: SampleRow, quality: int) -> SampleRow:
    parent = row.image_path.rpartition("/")[0]
    odd = row._replace(image_path=f'{parent}/Nabi, "the queen".jpg')
    frame.image.save(folder / odd.image_path, quality=quality)
    return odd


_SAVERS: dict[Oddity, Callable[[Path, Frame, SampleRow, int], SampleRow]] = {
    Oddity.GREYSCALE: _in_mode("L"),
    Oddity.CMYK: _in_mode("CMYK"),
    Oddity.PALETTE: _palette,
    Oddity.RGBA: _rgba,
    Oddity.PNG_NAMED_JPG: _png_named_jpg,
    Oddity.EXIF_ROTATED: _exif_rotated,
    Oddity.DECOMPOSED_LABEL: _decomposed_label,
    Oddity.SPACED_BOX: _spaced_box,
    Oddity.QUOTED_PATH: _quoted_path,
}
