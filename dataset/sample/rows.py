"""Writes the sample's CSVs, and the images of an ordinary clip.

``oddities`` and ``faults`` make the odd and faulty rows.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dataset.boxes import PixelBox
from dataset.sample.clips import FRAME_MS, FRAME_STEP, ClipPlan, draw_clip
from dataset.sample.settings import SampleSettings
from schemas import csv_columns

HEADER = (
    csv_columns.IMAGE_PATH,
    csv_columns.BBOX,
    csv_columns.LABELS,
    csv_columns.SPECIES,
    csv_columns.CLIP,
)


class SampleRow(NamedTuple):
    """One row, with its cells in the order of ``HEADER``; the path is relative to the CSV."""

    image_path: str
    bbox: str
    labels: str
    species: str
    clip: str


def plain_row(plan: ClipPlan, index: int, box: PixelBox) -> SampleRow:
    """Returns the row of the clip's frame with this index."""
    name = f"frame_{index * FRAME_STEP}_timestamp_{index * FRAME_MS}.jpg"
    return SampleRow(
        image_path=f"images/{plan.name}/{name}",
        bbox=",".join(str(number) for number in box),
        labels=plan.mood,
        species=plan.species,
        clip=plan.name,
    )


def save_clip(folder: Path, settings: SampleSettings, plan: ClipPlan) -> list[SampleRow]:
    """Draws the clip, writes its frames below ``folder`` and returns their rows."""
    (folder / "images" / plan.name).mkdir(parents=True)
    rows = []
    for index, frame in enumerate(draw_clip(plan, settings)):
        row = plain_row(plan, index, frame.box)
        frame.image.save(folder / row.image_path, quality=settings.jpeg_quality)
        rows.append(row)
    return rows


def write_csv(path: Path, rows: Iterable[SampleRow], from_windows: bool) -> None:
    """Writes the rows below a header, in UTF-8.

    Args:
      path: of the CSV.
      rows: to write.
      from_windows: whether the file gets a byte order mark and CRLF line ends.
    """
    encoding, line_end = ("utf-8-sig", "\r\n") if from_windows else ("utf-8", "\n")
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=line_end)
        writer.writerow(HEADER)
        writer.writerows(rows)
