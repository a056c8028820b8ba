"""The inputs of a prediction, one at a time: named pictures, or the rows of a CSV.

A row that cannot be used becomes an input, too, with the fault that it has.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_table import Record, TableError, column_indices, not_utf8, read_table
from schemas import csv_columns
from schemas.errors import ConfigError
from schemas.reasons import RejectReason
from system.regular_files import open_regular

_CHECKED_ROWS = 1000
"""Rows that are looked at before a model is loaded."""


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
      is_utf8: whether the row of the CSV is UTF-8.
    """

    image: str
    path: str
    box: PixelBox | None = None
    fault: InputFault | None = None
    bbox: str = ""
    is_utf8: bool = True

    def with_fault(self, reason: RejectReason, detail: str) -> "PredictionInput":
        """Returns the input with a fault."""
        return self._replace(fault=InputFault(reason.value, detail))


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
    Names of files may hold bytes that are not UTF-8.

    Args:
      csv_path: of the CSV.
      bbox: for rows without a box; "" is the whole picture.

    Raises:
      ConfigError: the file cannot be opened, is empty, is not UTF-8 in its first line, lacks the
        column image_path, or has one of the two columns twice.
    """
    try:
        file = open_regular(csv_path)
    except OSError as error:
        raise ConfigError(f"--csv must name a file. {csv_path} cannot be read: {error}") from error
    with file:
        records = read_table(file)
        try:
            indices = column_indices(
                records, str(csv_path), (csv_columns.IMAGE_PATH,), (csv_columns.BBOX,)
            )
        except TableError as error:
            raise ConfigError(f"--csv: {error}") from error
        for record in records:
            yield _input_from_record(record, indices, csv_path, bbox)


def check_csv(csv_path: Path) -> None:
    """Reads the CSV's header and its first rows.

    Raises:
      ConfigError: see ``inputs_from_csv``; or a row is not UTF-8, and no file has its name.
    """
    for one in itertools.islice(inputs_from_csv(csv_path), _CHECKED_ROWS):
        if not one.is_utf8 and one.fault is not None:
            raise ConfigError(f"--csv: {one.fault.detail}")


def _input_from_record(
    record: Record, indices: dict[str, int], csv_path: Path, bbox: str
) -> PredictionInput:
    def cell(column: str) -> str:
        index = indices.get(column, len(record.cells))
        return record.cells[index].strip() if index < len(record.cells) else ""

    name, row_bbox = cell(csv_columns.IMAGE_PATH), cell(csv_columns.BBOX)
    path = os.path.join(csv_path.parent, name)
    one = PredictionInput(name, path, bbox=row_bbox or bbox, is_utf8=record.is_utf8)
    if record.fault:
        return one.with_fault(RejectReason.ROW_MALFORMED, f"line {record.line}: {record.fault}")
    if not record.is_utf8 and not os.path.exists(path):
        detail = str(not_utf8(str(csv_path), record.line))
        return one.with_fault(RejectReason.ROW_MALFORMED, detail)
    if not name:
        return one.with_fault(RejectReason.IMAGE_MISSING, "the row names no picture")
    try:
        return one._replace(box=parse_box(one.bbox) if one.bbox else None)
    except BoxError as error:
        return one.with_fault(error.reason, str(error))
