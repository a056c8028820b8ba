"""What is asked about: pictures that were named, or the rows of a CSV, one at a time.

A row that cannot be used is an input as well, with what is wrong about it.
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
"""A row of the CSV that has too few cells or is no CSV."""


class InputFault(NamedTuple):
    """Why an input cannot be asked about: a word, and a text for people."""

    error: str
    detail: str


class Input(NamedTuple):
    """One thing to tell the mood of.

    Attributes:
      image: the picture as it was named or found.
      path: where the file is.
      box: in pixels of the upright picture; None is the whole of it.
      fault: known before the picture is looked at, or None.
      bbox: the box as it was written.
    """

    image: str
    path: str
    box: PixelBox | None = None
    fault: InputFault | None = None
    bbox: str = ""


def of_pictures(names: Iterable[str], bbox: str = "") -> Iterator[Input]:
    """Yields an input a name, all with the same box ("" is none).

    Raises:
      BoxError: the box makes no sense.
    """
    box = parse_box(bbox) if bbox else None
    return (Input(name, name, box, bbox=bbox) for name in names)


def of_csv(path: Path, bbox: str = "") -> Iterator[Input]:
    """Yields an input a row of a CSV with the column image_path and maybe bbox.

    It is read as it is asked for. Relative paths start from the CSV's folder. Blank lines are
    passed over. Bytes that are not UTF-8 stay what they are, as in names of files.

    Args:
      path: of the CSV.
      bbox: for rows that have none; "" asks about whole pictures.

    Raises:
      ConfigError: the file cannot be opened, has no column image_path, or one of the two twice.
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise ConfigError(f"--csv must name a file. {path} cannot be read: {error}") from error
    with file:
        reader = csv.reader(file)
        image, box = _places(reader, path)
        while True:
            try:
                cells = checked(next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                fault = InputFault(ROW_MALFORMED, f"line {reader.line_num}: {error}")
                yield Input("", "", fault=fault)
                continue
            if any(cell.strip() for cell in cells):
                yield _input(cells, image, box, path.parent, bbox)


def check_csv(path: Path) -> None:
    """Reads the CSV's header.

    Raises:
      ConfigError: see ``of_csv``.
    """
    next(of_csv(path), None)


def _places(reader: Iterator[list[str]], path: Path) -> tuple[int, int | None]:
    """Returns where in a row the picture and the box stand."""
    try:
        header = [cell.strip() for cell in checked(next(reader, []))]
    except csv.Error as error:  # UTF-16, which spreadsheets write: it has NUL bytes.
        raise ConfigError(
            f"{path} must be a CSV in UTF-8. Its first line is not: {error}"
        ) from error
    counts = header.count(csv_columns.IMAGE_PATH), header.count(csv_columns.BBOX)
    if counts[0] != 1 or counts[1] > 1:
        raise ConfigError(
            f"{path} must have the column {csv_columns.IMAGE_PATH} and may have "
            f"{csv_columns.BBOX}, each once, in UTF-8. Received the columns: "
            f"{', '.join(map(ascii, header)) or 'none'}. "
            "Name them in the first line"
        )
    return header.index(csv_columns.IMAGE_PATH), header.index(csv_columns.BBOX) if counts[
        1
    ] else None


def _input(cells: list[str], image: int, box: int | None, folder: Path, bbox: str) -> Input:
    name = cells[image].strip() if image < len(cells) else ""
    if len(cells) <= max(image, box or 0):
        detail = f"{len(cells)} cells, the columns need {max(image, box or 0) + 1}"
        return Input(name, "", fault=InputFault(ROW_MALFORMED, detail))
    written = cells[box].strip() if box is not None else ""
    whole = Input(name, os.path.join(folder, name), bbox=written or bbox)
    if not name:
        detail = "the row names no picture"
        return whole._replace(fault=InputFault(RejectReason.IMAGE_MISSING.value, detail))
    try:
        return whole._replace(box=parse_box(whole.bbox) if whole.bbox else None)
    except BoxError as error:
        return whole._replace(fault=InputFault(error.reason.value, str(error)))
