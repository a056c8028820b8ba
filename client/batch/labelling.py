"""The command with --out: what is labelled, held against the disk, and what is said of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from client import screen
from client.backends.model import Model
from client.backends.source import Source
from client.batch.batch import Labelled, label
from client.batch.parts import check_out
from client.predict.folders import check_folders, walk
from client.predict.inputs import Input, check_csv, of_csv, of_pictures
from dataset.fingerprint import photo_state


class Wanted(NamedTuple):
    """What was asked for.

    Attributes:
      out: the file to write.
      csv: the table that names the pictures; None where ``pictures`` do.
      pictures: files and folders.
      bbox: "y,x,height,width" for what has no box of its own, or "".
      batch: pictures asked at a time.
    """

    out: Path
    csv: Path | None
    pictures: tuple[str, ...]
    bbox: str
    batch: int


def check(wanted: Wanted) -> None:
    """Raises ConfigError where the files that were named cannot be read or written."""
    check_out(wanted.out)
    if wanted.csv is not None:
        check_csv(wanted.csv)
    check_folders(wanted.pictures)


def write(stream: TextIO, model: Model, source: Source, wanted: Wanted) -> int:
    """Labels what was wanted and returns how many rows have no mood.

    Raises:
      ConfigError, ServerError: see ``client.batch.batch``.
    """
    with screen.at_work(stream, f"Looking at {wanted.csv or 'the folders'}") as say:
        done = label(
            model, _inputs(wanted), wanted.out, _job(source, wanted), wanted.batch, say=say
        )
    stream.write(f"{_summary(done, wanted)}\n")
    stream.flush()
    return done.errors.total()


def _inputs(wanted: Wanted) -> Iterator[Input]:
    if wanted.csv is not None:
        return of_csv(wanted.csv, wanted.bbox)
    return of_pictures(walk(wanted.pictures), wanted.bbox)


def _job(source: Source, wanted: Wanted) -> dict[str, object]:
    """Returns what the rows depend on, beside the inputs' names."""
    return {
        "model": source.identity,
        "csv": wanted.csv and f"{wanted.csv.absolute()} ({photo_state(str(wanted.csv))})",
        "pictures": [os.path.abspath(name) for name in wanted.pictures],
        "box": wanted.bbox,
    }


def _summary(done: Labelled, wanted: Wanted) -> str:
    errors = ", ".join(f"{count:,} {error}" for error, count in done.errors.most_common())
    before = f", {done.found:,} of them from an earlier run" if done.found else ""
    moods = done.rows - done.errors.total()
    return (
        f"{wanted.out}: {done.rows:,} rows{before}, {moods:,} with a mood, "
        f"{done.errors.total():,} without{f' ({errors})' if errors else ''}"
    )
