"""Predictions that photos are chosen from: of ``inference.py --out`` or of a request log.

A batch is in memory at a time, so that any number of rows may be read.
"""

import csv
import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import clip_of
from schemas.errors import ConfigError
from system import csv_files
from system.parquet import read_batches, read_schema

_PREFIX = "probability_"
_LOG_COLUMNS = ("request_id", "moods", "probabilities", "box", "photo")
"""Of a request log (gateway). A photo is there only where the log keeps photos."""


class Predicted(NamedTuple):
    """A photo with its prediction.

    Attributes:
      image: its path as the predictions name it, or the id of its request.
      clip: that the photo is of; the photo itself where it is of none.
      box: that was asked about; None is the whole photo.
      moods: names in index order.
      probabilities: in the same order.
      photo: the bytes, where a log holds them; else None, and ``image`` is a path.
    """

    image: str
    clip: str
    box: PixelBox | None
    moods: tuple[str, ...]
    probabilities: tuple[float, ...]
    photo: bytes | None = None

    @property
    def key(self) -> str:
        """What two versions' predictions of the same box have in common."""
        return f"{self.image} {tuple(self.box) if self.box else ''}"

    @property
    def mood(self) -> str:
        """The likeliest one."""
        return self.moods[self.probabilities.index(max(self.probabilities))]


def read_predicted(pattern: str) -> Iterator[Predicted]:
    """Yields the rows with probabilities; errors and logged requests without a photo are left out.

    Args:
      pattern: a CSV or Parquet file, a folder of a log, or a pattern such as ``log/*.parquet``.

    Raises:
      ConfigError: there is no such file, or it is of another form.
    """
    paths = _paths(pattern)
    for path in paths:
        if Path(path).suffix.lower() == ".csv":
            yield from _of_csv(path)
        else:
            yield from _of_parquet(path)


def _paths(pattern: str) -> list[str]:
    if os.path.isdir(pattern):
        pattern = os.path.join(glob.escape(pattern), "*.parquet")
    paths = [pattern] if os.path.isfile(pattern) else sorted(glob.glob(pattern))
    if not paths:
        raise ConfigError(
            f"Predictions must be a CSV or Parquet file, or a log's folder. Received: {pattern}, "
            "and there is none. inference.py --out FILE writes one"
        )
    return paths


def _of_csv(path: str) -> Iterator[Predicted]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv_files.read_dicts(file):
                moods = _moods(list(row), path)
                yield from _row(row, moods)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"{path} must be a CSV of inference.py --out. Received: {error}"
        ) from error


def _of_parquet(path: str) -> Iterator[Predicted]:
    names = read_schema(path).names
    if "probabilities" in names:
        yield from _of_log(path, names)
        return
    moods = _moods(names, path)
    columns = ["image", "bbox", *(f"{_PREFIX}{mood}" for mood in moods)]
    for batch in read_batches(path, columns):
        for row in batch.to_pylist():
            yield from _row(row, moods)


def _of_log(path: str, names: Sequence[str]) -> Iterator[Predicted]:
    if missing := [name for name in _LOG_COLUMNS if name not in names]:
        raise ConfigError(
            f"{path} must be a gateway's request log. It lacks the columns {', '.join(missing)}"
        )
    numbers = itertools.count()
    for batch in read_batches(path, _LOG_COLUMNS, rows=64):
        for number, row in zip(numbers, batch.to_pylist(), strict=False):
            probabilities = tuple(row["probabilities"] or ())
            if row["photo"] is None or not probabilities:
                continue
            box = PixelBox(*row["box"]) if row["box"] else None
            image = f"{row['request_id']}-{number}"
            moods = tuple(row["moods"])
            yield Predicted(image, row["request_id"], box, moods, probabilities, row["photo"])


def _moods(names: Sequence[str], path: str) -> tuple[str, ...]:
    moods = tuple(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))
    if len(moods) < 2 or "image" not in names:
        raise ConfigError(
            f"{path} must have the columns image and {_PREFIX}MOOD, as inference.py --out writes "
            f"them, or be a gateway's request log. Received the columns: {', '.join(names)}"
        )
    return moods


def _row(row: dict[str, Any], moods: tuple[str, ...]) -> Iterator[Predicted]:
    cells = [row[f"{_PREFIX}{mood}"] for mood in moods]
    if any(cell in (None, "") for cell in cells):
        return  # A row with an error in place of a mood.
    try:
        box = parse_box(row["bbox"]) if row.get("bbox") else None
    except BoxError:
        return
    probabilities = tuple(float(cell) for cell in cells)
    yield Predicted(row["image"], clip_of(row["image"]), box, moods, probabilities)
