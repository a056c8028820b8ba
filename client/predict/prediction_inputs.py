"""The inputs of a prediction, one at a time: named pictures, or the rows of a CSV.

A row that cannot be used becomes an input, too, with the fault that it has.
"""

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import checked
from schemas import csv_columns
from schemas.errors import ConfigError
from schemas.reasons import RejectReason

ROW_MALFORMED = "row_malformed"
"""A row of the CSV that has too few cells or is not valid CSV."""


class InputFault(NamedTuple):
    """Reason why an input cannot be predicted: a word for programs, and a text for people."""

    error: str
    detail: str


class PredictionInput(NamedTuple):
    """A picture to predict the mood of.

    Attributes:
      image: the picture's path as it was named or found.
      path: the file's path.
      box: in pixels of the upright picture; None is the whole picture.
      fault: one that is known before the file is opened, or None.
      bbox: the box as it was written.
    """

    image: str
    path: str
    box: PixelBox | None = None
    fault: InputFault | None = None
    bbox: str = ""


def inputs_from_paths(paths: Iterable[str], bbox: str = "") -> Iterator[PredictionInput]:
    """Yields one input per path, all with the same box.

    Args:
      paths: of the pictures.
      bbox: "y,x,height,width"; "" is the whole picture.

    Raises:
      BoxError: the box is invalid.
    """
    box = parse_box(bbox) if bbox else None
    return (PredictionInput(path, path, box, bbox=bbox) for path in paths)


def inputs_from_csv(csv_path: Path, bbox: str = "") -> Iterator[PredictionInput]:
    """Yields one input per row of a CSV with the column image_path and, optionally, bbox.

    The file is read lazily. Relative paths start from the CSV's folder. Blank lines are skipped.
    Bytes that are not UTF-8 are kept as they are, because file names may contain them.

    Args:
      csv_path: of the CSV.
      bbox: for rows without a box; "" is the whole picture.

    Raises:
      ConfigError: the file cannot be opened, has no column image_path, or has one of the two
        columns twice.
    """
    try:
        file = csv_path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise ConfigError(f"--csv must name a file. {csv_path} cannot be read: {error}") from error
    with file:
        reader = csv.reader(file)
        image_index, box_index = _column_indices(reader, csv_path)
        while True:
            try:
                cells = checked(next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                fault = InputFault(ROW_MALFORMED, f"line {reader.line_num}: {error}")
                yield PredictionInput("", "", fault=fault)
                continue
            if any(cell.strip() for cell in cells):
                yield _input_from_row(cells, image_index, box_index, csv_path.parent, bbox)


def check_csv(csv_path: Path) -> None:
    """Reads the CSV's header and its first row.

    Raises:
      ConfigError: see ``inputs_from_csv``.
    """
    next(inputs_from_csv(csv_path), None)


def _column_indices(reader: Iterator[list[str]], csv_path: Path) -> tuple[int, int | None]:
    """Reads the header and returns the indices of the picture's and the box's column."""
    try:
        header = [cell.strip() for cell in checked(next(reader, []))]
    except csv.Error as error:  # Spreadsheets write UTF-16, which contains NUL bytes.
        raise ConfigError(
            f"{csv_path} must be a CSV in UTF-8. Its first line is not: {error}"
        ) from error
    image_count, box_count = header.count(csv_columns.IMAGE_PATH), header.count(csv_columns.BBOX)
    if image_count != 1 or box_count > 1:
        raise ConfigError(
            f"{csv_path} must have the column {csv_columns.IMAGE_PATH} and may have "
            f"{csv_columns.BBOX}, each once, in UTF-8. Received the columns: "
            f"{', '.join(map(ascii, header)) or 'none'}. "
            "Name them in the first line"
        )
    box_index = header.index(csv_columns.BBOX) if box_count else None
    return header.index(csv_columns.IMAGE_PATH), box_index


def _input_from_row(
    cells: list[str], image_index: int, box_index: int | None, folder: Path, bbox: str
) -> PredictionInput:
    name = cells[image_index].strip() if image_index < len(cells) else ""
    num_needed = max(image_index, box_index or 0) + 1
    if len(cells) < num_needed:
        detail = f"{len(cells)} cells, the columns need {num_needed}"
        return PredictionInput(name, "", fault=InputFault(ROW_MALFORMED, detail))

    row_bbox = cells[box_index].strip() if box_index is not None else ""
    one = PredictionInput(name, os.path.join(folder, name), bbox=row_bbox or bbox)
    if not name:
        detail = "the row names no picture"
        return one._replace(fault=InputFault(RejectReason.IMAGE_MISSING.value, detail))
    try:
        return one._replace(box=parse_box(one.bbox) if one.bbox else None)
    except BoxError as error:
        return one._replace(fault=InputFault(error.reason.value, str(error)))
