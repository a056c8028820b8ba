"""Predictions that photos are chosen from: of ``inference.py --out`` or of a request log.

A batch is in memory at a time, so that any number of rows may be read.
"""

import csv
import glob
import io
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import clip_of
from schemas import request_log
from schemas.errors import ConfigError
from system import csv_files
from system.parquet import read_batches, read_schema, schema_of
from system.regular_files import open_regular

_PREFIX = "probability_"
_ROUNDING = 1e-3
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
        with (
            open_regular(path) as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file,
        ):
            for row in csv_files.read_dicts(file):
                moods = _moods(list(row), path)
                yield from _row(row, moods, path)
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
            yield from _row(row, moods, path)


def _of_log(path: str, names: Sequence[str]) -> Iterator[Predicted]:
    if missing := [name for name in _LOG_COLUMNS if name not in names]:
        raise ConfigError(
            f"{path} must be a gateway's request log. It lacks the columns {', '.join(missing)}"
        )
    numbers = itertools.count()
    for batch in read_batches(path, _LOG_COLUMNS, 64, schema_of(request_log.COLUMNS)):
        for number, row in zip(numbers, batch.to_pylist(), strict=False):
            probabilities = tuple(row["probabilities"] or ())
            if row["photo"] is None or not probabilities:
                continue
            moods, box = tuple(row["moods"] or ()), row["box"]
            if None in moods or (box and (len(box) != 4 or None in box)):
                raise _malformed(path, f"the box {box} and the moods {moods}")
            request = row["request_id"] or ""
            yield Predicted(
                f"{request}-{number}",
                request,
                PixelBox(*box) if box else None,
                moods,
                _numbers(probabilities, moods, path),
                row["photo"],
            )


def _moods(names: Sequence[str], path: str) -> tuple[str, ...]:
    moods = tuple(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))
    if len(moods) < 2 or "image" not in names:
        raise ConfigError(
            f"{path} must have the columns image and {_PREFIX}MOOD, as inference.py --out writes "
            f"them, or be a gateway's request log. Received the columns: {', '.join(names)}"
        )
    return moods


def _row(row: dict[str, Any], moods: tuple[str, ...], path: str) -> Iterator[Predicted]:
    cells = [row[f"{_PREFIX}{mood}"] for mood in moods]
    if any(cell in (None, "") for cell in cells):
        return  # A row with an error in place of a mood.
    image, bbox = row["image"], row.get("bbox") or ""
    if not isinstance(image, str) or not isinstance(bbox, str):
        raise _malformed(path, f"the image {image!r} with the box {bbox!r}")
    try:
        box = parse_box(bbox) if bbox else None
    except BoxError:
        return
    yield Predicted(image, clip_of(image), box, moods, _numbers(cells, moods, path))


def _numbers(cells: Sequence[Any], moods: Sequence[str], path: str) -> tuple[float, ...]:
    """Returns a probability for each mood.

    Raises:
      ConfigError: they are more or fewer, or one is no share.
    """
    try:
        numbers = tuple(map(float, cells))
    except (TypeError, ValueError) as error:
        raise _malformed(path, f"probabilities that are no numbers ({error})") from error
    if len(numbers) != len(moods) or not all(-_ROUNDING <= one <= 1 + _ROUNDING for one in numbers):
        raise _malformed(path, f"the probabilities {numbers[:10]} of {len(moods)} moods")
    return numbers


def _malformed(path: str, received: str) -> ConfigError:
    return ConfigError(
        f"{path} must be predictions of inference.py --out or a gateway's request log, which "
        f"nobody has altered. Received: {received[:300]}"
    )
