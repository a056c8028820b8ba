"""``inference.py --out``: checks the files, predicts into one, and prints a summary."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from client import terminal
from client.backends.model import Model
from client.backends.model_source import ModelSource
from client.batch.out_file import check_out
from client.batch.predict_to_file import BatchResult, predict_to_file
from client.predict.folders import check_folders, walk_pictures
from client.predict.prediction_inputs import (
    PredictionInput,
    check_csv,
    inputs_from_csv,
    inputs_from_paths,
)
from client.predict.whole_photos import WholePhotoWarning
from client.predict_request import PredictRequest
from system.files import size_and_time
from system.printable import printable


def check_files(request: PredictRequest, out: Path) -> None:
    """Raises ConfigError if a named file cannot be read or written."""
    check_out(out)
    if request.csv is not None:
        check_csv(request.csv)
    check_folders(request.pictures)


def run_batch(
    stream: TextIO, model: Model, source: ModelSource, request: PredictRequest, out: Path
) -> int:
    """Predicts the request's pictures into a file and returns the number of rows without a mood.

    Args:
      stream: for progress and summary, usually the terminal.
      model: predicts.
      source: of the model.
      request: names the pictures.
      out: the file to write.

    Raises:
      ConfigError, ServerError: see ``client.batch.predict_to_file``.
    """
    with terminal.spinner(stream, f"Reading {request.csv or 'the folders'}") as update:
        result = predict_to_file(
            model,
            _inputs(request),
            out,
            _job(source, request),
            request.batch,
            report_progress=update,
            look_at=WholePhotoWarning(stream.write).look_at,
        )
    stream.write(f"{printable(str(out))}: {_summary(result)}\n")
    stream.flush()
    return result.errors.total()


def _inputs(request: PredictRequest) -> Iterator[PredictionInput]:
    if request.csv is not None:
        return inputs_from_csv(request.csv, request.box or "")
    return inputs_from_paths(walk_pictures(request.pictures), request.box or "")


def _job(source: ModelSource, request: PredictRequest) -> dict[str, object]:
    """Returns everything apart from the inputs that the rows depend on."""
    return {
        "model": source.identity,
        "csv": request.csv and f"{request.csv.absolute()} ({size_and_time(request.csv)})",
        "pictures": [os.path.abspath(name) for name in request.pictures],
        "box": request.box or "",
    }


def _summary(result: BatchResult) -> str:
    failed = result.errors.total()
    errors = ", ".join(f"{count:,} {error}" for error, count in result.errors.most_common())
    resumed = f", {result.resumed:,} of them from an earlier run" if result.resumed else ""
    unsure = f" ({result.unsure:,} unsure)" if result.unsure else ""
    return (
        f"{result.rows:,} rows{resumed}, {result.rows - failed:,} with a mood{unsure}, "
        f"{failed:,} without{f' ({errors})' if errors else ''}"
    )
