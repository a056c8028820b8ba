"""Reads the cleaned CSV: its columns, its encoding and its rows, one at a time.

Only the table itself is checked here, and a faulty table is refused as a whole. ``dataset.boxes``
and ``dataset.photo`` check the single rows.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from schemas import csv_columns
from schemas.errors import DataRefusedError
from schemas.labels import normalise

Opener = Callable[..., IO[Any]]
"""Opens a path like the built-in ``open``; on a cluster it also opens addresses of a bucket."""

_VIDEO_FRAME = re.compile(r"frame_\d+_timestamp_\d+\.[A-Za-z]+$")


class Row(NamedTuple):
    """One row of the CSV, texts trimmed; an absent or empty optional cell is ""."""

    line: int
    image_path: str
    bbox: str
    label: str
    species: str
    clip: str
    group: str

    @property
    def split_key(self) -> str:
        """The unit that is never in two splits: the group where it is known, else the clip."""
        return self.group or self.clip


def read_rows(path: str, opener: Opener = open, *, labelled: bool = True) -> Iterator[Row]:
    """Yields the rows of a CSV in order; blank lines are skipped.

    A byte order mark, CRLF, quoted fields, spaces around cells and decomposed Hangul in the
    label are allowed. ``Row.line`` is the line on which the row begins; the header is line 1.

    Args:
      path: of the CSV.
      opener: opens files of the path's storage.
      labelled: whether each row has a label. If not, a column of that name is ignored and
        ``Row.label`` is "".

    Raises:
      DataRefusedError: the file is empty, lacks a required column, names a column twice, is not
        UTF-8 or is not a CSV.
    """
    with opener(path, "rb") as raw:
        reader = csv.reader(_lines(raw, path))
        try:
            header = [cell.strip() for cell in checked(next(reader, []))]
            indices = _column_indices(
                header, path, csv_columns.REQUIRED if labelled else csv_columns.UNLABELLED
            )
            end = reader.line_num
            for cells in map(checked, reader):
                line, end = end + 1, reader.line_num
                if any(cell.strip() for cell in cells):
                    yield _row(line, cells, indices)
        except csv.Error as error:
            raise DataRefusedError(
                f"{path} cannot be read as CSV at line {reader.line_num}: {error}"
            ) from error


def checked(cells: list[str]) -> list[str]:
    """Returns the cells of a row if all of them are text.

    Raises:
      csv.Error: a cell has a NUL byte. Before Python 3.11 the ``csv`` module raises this itself.
    """
    if any("\0" in cell for cell in cells):
        raise csv.Error("line contains NUL")
    return cells


def _lines(raw: IO[bytes], path: str) -> Iterator[str]:
    """Yields lines as text; the error for a wrong byte names its line, which no codec knows."""
    for number, line in enumerate(raw, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataRefusedError(
                f"{path} is not UTF-8 (line {number}: {error.reason}). "
                "Save it as UTF-8; spreadsheets in Korean often write CP949 or UTF-16."
            ) from error


def _column_indices(header: list[str], path: str, required: tuple[str, ...]) -> dict[str, int]:
    """Returns each known column's index in the header."""
    if not any(header):
        raise DataRefusedError(f"{path} is empty: the first line must name the columns.")
    missing = [name for name in required if name not in header]
    if missing:
        raise DataRefusedError(
            f"{path} lacks the column {', '.join(missing)}. Received the columns: "
            f"{', '.join(header)}"
        )
    known = required + csv_columns.OPTIONAL
    repeated = [name for name in known if header.count(name) > 1]
    if repeated:
        raise DataRefusedError(f"{path} names the column {', '.join(repeated)} twice.")
    return {name: header.index(name) for name in known if name in header}


def _row(line: int, cells: list[str], indices: dict[str, int]) -> Row:
    def cell(name: str) -> str:
        index = indices.get(name, len(cells))
        return cells[index].strip() if index < len(cells) else ""

    image_path = cell(csv_columns.IMAGE_PATH)
    return Row(
        line=line,
        image_path=image_path,
        bbox=cell(csv_columns.BBOX),
        label=normalise(cell(csv_columns.LABELS)),
        species=cell(csv_columns.SPECIES),
        clip=cell(csv_columns.CLIP) or clip_of(image_path),
        group=cell(csv_columns.GROUP),
    )


def clip_of(image_path: str) -> str:
    """Returns the clip of a photo: the folder of a video frame, else the path itself."""
    folder, slash, name = image_path.replace("\\", "/").rpartition("/")
    return folder if slash and _VIDEO_FRAME.match(name) else image_path
