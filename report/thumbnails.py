"""Small pictures as data URIs: refused photos with their boxes, and model's views."""

import base64
import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import read_rows
from dataset.decoding import DECODE_ERRORS, orientation_of, to_rgb

EXAMPLES_A_REASON = 3
_SIDE = 200
_BOX_COLOUR = (255, 59, 48)
_HEAT_SHARE = 0.55


@dataclass(frozen=True)
class Refused:
    """A refused row.

    Attributes:
      image: path as the CSV has it.
      line: of the CSV.
      detail: what was wrong.
      picture: data URI of the photo with the box, None where there is no such photo or none
        that opens.
    """

    image: str
    line: int
    detail: str
    picture: str | None


def refused_rows(rejects_csv: Path, image_root: Path | None) -> dict[str, list[Refused]]:
    """Returns the first few refused rows of each reason, with their photos."""
    chosen: dict[str, list[dict[str, str]]] = defaultdict(list)
    with rejects_csv.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if len(chosen[row["reason"]]) < EXAMPLES_A_REASON:
                chosen[row["reason"]].append(row)
    boxes = _boxes({(row["source"], int(row["line"])) for rows in chosen.values() for row in rows})
    return {
        reason: [
            Refused(
                row["image"],
                int(row["line"]),
                row["detail"],
                _photo(
                    (image_root or Path(row["source"]).parent) / row["image"],
                    boxes.get((row["source"], int(row["line"])), ""),
                ),
            )
            for row in rows
        ]
        for reason, rows in chosen.items()
    }


def _boxes(wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    found = {}
    for source in {source for source, _ in wanted}:
        left = {line for name, line in wanted if name == source}
        try:
            for row in _until_none_is_left(source, left):
                found[source, row[0]] = row[1]
        except OSError:  # The CSV has gone since: the photos are shown without a box.
            continue
    return found


def _until_none_is_left(source: str, left: set[int]) -> Iterator[tuple[int, str]]:
    for row in read_rows(source):
        if row.line in left:
            yield row.line, row.bbox
            left.discard(row.line)
        if not left:
            return


def _photo(path: Path, box: str) -> str | None:
    try:
        with Image.open(path) as image:
            # An orientation of 5 and above lies the photo on its side.
            width = image.size[orientation_of(image) >= 5]
            image.draft("RGB", (4 * _SIDE, 4 * _SIDE))
            full = to_rgb(ImageOps.exif_transpose(image))
    except DECODE_ERRORS:
        return None
    scale = full.size[0] / width
    try:
        top, left, tall, wide = parse_box(box)
    except BoxError:
        pass
    else:
        edges = (left * scale, top * scale, (left + wide) * scale, (top + tall) * scale)
        if edges[2] > edges[0] and edges[3] > edges[1]:
            ImageDraw.Draw(full).rectangle(edges, outline=_BOX_COLOUR, width=full.size[0] // 80 + 1)
    return data_uri(full)


def data_uri(picture: Image.Image) -> str:
    """Returns the picture, at most ``_SIDE`` pixels a side, as a JPEG in a data URI."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def with_heat(pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> Image.Image:
    """Lays a heat map over a picture: the hotter, the more yellow and the less of the picture.

    Args:
      pixels: uint8[h, w, 3].
      heat: float32[y, x] in 0..1, stretched to the picture.
    """
    picture = Image.fromarray(pixels)
    warm = Image.fromarray((heat * 255).astype(np.uint8)).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    colours = ImageOps.colorize(warm, black="#30123b", mid="#f05b12", white="#fff45c")
    return Image.blend(picture, colours, _HEAT_SHARE)
