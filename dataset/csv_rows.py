"""Reads the cleaned CSV: its columns, its encoding and its rows, one at a time.

A table is refused as a whole where its header or its encoding is faulty. ``dataset.boxes`` and
``dataset.photos`` check the single rows.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from dataset.csv_table import Record, TableError, column_indices, not_utf8, read_table
from schemas import csv_columns
from schemas.errors import DataRefusedError
from schemas.labels import normalise
from system.regular_files import open_regular

Opener = Callable[..., IO[Any]]
"""Opens a path like the built-in ``open``; on a cluster it also opens addresses of a bucket."""

_VIDEO_FRAME = re.compile(r"frame_\d+_timestamp_\d+\.[A-Za-z]+$")


class Row(NamedTuple):
    """One row of the CSV, texts trimmed; an absent or empty optional cell is "".

    Attributes:
      fault: why the row cannot be read from the table; "" for a sound one.
    """

    line: int
    image_path: str
    bbox: str
    label: str
    species: str
    clip: str
    group: str
    fault: str = ""

    @property
    def split_key(self) -> str:
        """The unit that is never in two splits: the group where it is known, else the clip."""
        return self.group or self.clip


def _opened(path: str, _mode: str) -> IO[Any]:
    return open_regular(path)


def read_rows(path: str, opener: Opener = _opened, *, labelled: bool = True) -> Iterator[Row]:
    """Yields the rows of a CSV in order, faulty ones too; blank lines are skipped.

    Byte order marks, line ends of any system, quoted cells, spaces around cells and decomposed
    Hangul in the label are allowed. ``Row.line`` is the line on which the row begins; the header is
    line 1.

    Args:
      path: of the CSV.
      opener: opens files of the path's storage; by default, regular files of this machine.
      labelled: whether each row has a label. If not, a column of that name is ignored and
        ``Row.label`` is "".

    Raises:
      DataRefusedError: the file is empty, lacks a required column, names a column twice or is not
        UTF-8.
    """
    required = csv_columns.REQUIRED if labelled else csv_columns.UNLABELLED
    with opener(path, "rb") as raw:
        records = read_table(raw)
        try:
            indices = column_indices(records, path, required, csv_columns.OPTIONAL)
            for record in records:
                if not record.is_utf8:
                    raise not_utf8(path, record.line)
                yield _row(record, indices)
        except TableError as error:
            raise DataRefusedError(str(error)) from error


def _row(record: Record, indices: dict[str, int]) -> Row:
    cells = record.cells

    def cell(name: str) -> str:
        index = indices.get(name, len(cells))
        return cells[index].strip() if index < len(cells) else ""

    image_path = cell(csv_columns.IMAGE_PATH)
    if record.fault:
        # Cells of a faulty row may stand under other columns.
        return Row(record.line, image_path, "", "", "", clip_of(image_path), "", record.fault)
    return Row(
        line=record.line,
        image_path=image_path,
        bbox=cell(csv_columns.BBOX),
        label=normalise(cell(csv_columns.LABELS)),
        species=cell(csv_columns.SPECIES),
        clip=cell(csv_columns.CLIP) or clip_of(image_path),
        group=cell(csv_columns.GROUP),
    )


def clip_of(image_path: str) -> str:
    """Returns the clip of a photo: the folder of a video frame, else the path itself."""
    path = canonical(image_path)
    folder, slash, name = path.rpartition("/")
    return folder if slash and _VIDEO_FRAME.match(name) else path


def canonical(image_path: str) -> str:
    """Returns one spelling for all that name a photo: slashes, no empty parts, and NFC."""
    path = image_path.replace("\\", "/")
    if not path.isascii():
        path = unicodedata.normalize("NFC", path)
    if "://" in path:
        return path
    return posixpath.normpath(path) if "//" in path or "./" in path else path
