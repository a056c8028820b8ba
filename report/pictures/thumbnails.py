"""Small pictures as data URIs: refused photos with their boxes, and heat maps over views."""

import base64
import io
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import read_rows
from dataset.photos.decoding import decode_whole
from dataset.photos.files import read_photo
from dataset.photos.opening import opened
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_PIXELS
from schemas.reasons import RejectReason
from system.csv_files import read_dicts

_LOGGER = logging.getLogger(__name__)

EXAMPLES_PER_REASON = 3
_SIDE = 200
"""Longest side of a thumbnail, pixels."""
_BOX_COLOUR = (255, 59, 48)
COARSE_CELLS = 4
"""Cells a side below which a heat map says next to nothing of where."""
_HEAT_OPACITY = 0.7
"""Of the hottest part."""


@dataclass(frozen=True)
class RefusedRow:
    """A refused row.

    Attributes:
      image: path as the CSV has it.
      line: of the CSV.
      detail: what was wrong.
      picture: data URI of the photo with the box; None where the photo is missing, cannot be
        decoded or was refused as too large.
    """

    image: str
    line: int
    detail: str
    picture: str | None


class _CsvLine(NamedTuple):
    """A line of one of the user's CSVs, the header being line 1."""

    source: str
    line: int


def refused_rows(rejects_csv: Path, image_root: Path | None) -> dict[str, list[RefusedRow]]:
    """Returns the first ``EXAMPLES_PER_REASON`` refused rows of each reason, with their photos.

    Args:
      rejects_csv: path of the rejects table.
      image_root: folder that relative image paths start from; None is each CSV's own folder.
    """
    examples: dict[str, list[dict[str, str]]] = defaultdict(list)
    with rejects_csv.open(encoding="utf-8", newline="") as file:
        for row in read_dicts(file):
            if len(examples[row["reason"]]) < EXAMPLES_PER_REASON:
                examples[row["reason"]].append(row)

    boxes = _read_boxes(_csv_line(row) for rows in examples.values() for row in rows)
    return {
        reason: [
            RefusedRow(
                image=row["image"],
                line=int(row["line"]),
                detail=row["detail"],
                picture=_photo_with_box(
                    image_root or Path(row["source"]).parent, row, boxes.get(_csv_line(row), "")
                ),
            )
            for row in rows
        ]
        for reason, rows in examples.items()
    }


def _csv_line(row: dict[str, str]) -> _CsvLine:
    return _CsvLine(row["source"], int(row["line"]))


def _read_boxes(csv_lines: Iterable[_CsvLine]) -> dict[_CsvLine, str]:
    """Returns the box of each line as its CSV has it; lines of a CSV that is gone are left out."""
    lines_by_source: dict[str, set[int]] = defaultdict(set)
    for source, line in csv_lines:
        lines_by_source[source].add(line)

    boxes = {}
    for source, lines in lines_by_source.items():
        try:
            for line, box in _boxes_of_lines(source, lines):
                boxes[_CsvLine(source, line)] = box
        except OSError:  # The CSV was removed after the run: its photos are shown without a box.
            continue
    return boxes


def _boxes_of_lines(source: str, lines: set[int]) -> Iterator[tuple[int, str]]:
    """Yields (line, box) for the lines of a CSV, which is read no further than the last one."""
    remaining = set(lines)
    for row in read_rows(source):
        if row.line in remaining:
            yield row.line, row.bbox
            remaining.discard(row.line)
        if not remaining:
            return


def _photo_with_box(image_root: Path, row: dict[str, str], box: str) -> str | None:
    """Returns a data URI of the upright photo with its box drawn; None if it cannot be shown."""
    if row["reason"] in (RejectReason.IMAGE_TOO_LARGE, RejectReason.IMAGE_OUTSIDE_ROOT):
        return None
    try:
        photo = read_photo(str(image_root), row["image"])
        with opened(photo, MAX_IMAGE_PIXELS) as one:
            reduction = max(1.0, min(one.width, one.height) / (4 * _SIDE))
            decoded = decode_whole(one, reduction)
        _draw_box(decoded.pixels, box, scale=decoded.x_scale)
        return data_uri(decoded.pixels)
    except PhotoError:
        return None
    except Exception:
        # These are the rows that were odd enough to be refused: none may cost the report.
        _LOGGER.warning("%s is not shown", row["image"], exc_info=True)
        return None


def _draw_box(photo: Image.Image, box: str, scale: float) -> None:
    """Draws the box in place; a box that is malformed or has no area is not drawn."""
    try:
        top, left, height, width = parse_box(box)
    except BoxError:
        return
    x0, y0 = left * scale, top * scale
    x1, y1 = (left + width) * scale, (top + height) * scale
    if x1 > x0 and y1 > y0:
        line_width = photo.size[0] // 80 + 1
        ImageDraw.Draw(photo).rectangle((x0, y0, x1, y1), outline=_BOX_COLOUR, width=line_width)


def data_uri(picture: Image.Image) -> str:
    """Returns the picture, at most ``_SIDE`` pixels a side, as a JPEG in a data URI."""
    thumbnail = picture.copy()
    thumbnail.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    thumbnail.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def overlay_heat_map(
    pixels: npt.NDArray[np.uint8], heat_map: npt.NDArray[np.float32]
) -> Image.Image:
    """Paints a heat map over a picture: nothing where it is 0, orange to yellow where it is hot.

    A map of few cells is painted as these cells: a smooth blot would pretend to know more.

    Args:
      pixels: uint8[h, w, 3].
      heat_map: float32[y, x] in 0..1, stretched to the picture.
    """
    picture = Image.fromarray(pixels)
    is_coarse = min(heat_map.shape) < COARSE_CELLS
    how = Image.Resampling.NEAREST if is_coarse else Image.Resampling.BICUBIC
    intensity = Image.fromarray((heat_map * 255).astype(np.uint8)).resize(picture.size, how)
    colours = ImageOps.colorize(intensity, black="#30123b", mid="#f05b12", white="#fff45c")
    opacity = intensity.point(lambda value: int(value * _HEAT_OPACITY))
    return Image.composite(colours, picture, opacity)
