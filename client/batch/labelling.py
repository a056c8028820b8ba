"""The command with ``--out``: checks its files, labels into one, and prints the summary."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from client import terminal
from client.backends.model import Model
from client.backends.model_source import ModelSource
from client.batch.batch import Labelled, label
from client.batch.parts import check_out
from client.predict.folders import check_folders, walk
from client.predict.prediction_inputs import Input, check_csv, of_csv, of_pictures
from client.predict_request import PredictRequest
from dataset.fingerprint import photo_state


def check(request: PredictRequest, out: Path) -> None:
    """Raises ConfigError where the files that were named cannot be read or written."""
    check_out(out)
    if request.csv is not None:
        check_csv(request.csv)
    check_folders(request.pictures)


def write(
    stream: TextIO, model: Model, source: ModelSource, request: PredictRequest, out: Path
) -> int:
    """Labels what was asked for and returns the number of rows without a mood.

    Args:
      stream: the terminal, or where else progress and the summary go.
      model: asked.
      source: of the model.
      request: names the pictures.
      out: the file to write.

    Raises:
      ConfigError, ServerError: see ``client.batch.batch``.
    """
    with terminal.at_work(stream, f"Looking at {request.csv or 'the folders'}") as say:
        done = label(model, _inputs(request), out, _job(source, request), request.batch, say=say)
    stream.write(f"{out}: {_summary(done)}\n")
    stream.flush()
    return done.errors.total()


def _inputs(request: PredictRequest) -> Iterator[Input]:
    if request.csv is not None:
        return of_csv(request.csv, request.box or "")
    return of_pictures(walk(request.pictures), request.box or "")


def _job(source: ModelSource, request: PredictRequest) -> dict[str, object]:
    """Returns what the rows depend on, beside the inputs' names."""
    return {
        "model": source.identity,
        "csv": request.csv and f"{request.csv.absolute()} ({photo_state(str(request.csv))})",
        "pictures": [os.path.abspath(name) for name in request.pictures],
        "box": request.box or "",
    }


def _summary(done: Labelled) -> str:
    errors = ", ".join(f"{count:,} {error}" for error, count in done.errors.most_common())
    before = f", {done.found:,} of them from an earlier run" if done.found else ""
    moods = done.rows - done.errors.total()
    return (
        f"{done.rows:,} rows{before}, {moods:,} with a mood, "
        f"{done.errors.total():,} without{f' ({errors})' if errors else ''}"
    )
