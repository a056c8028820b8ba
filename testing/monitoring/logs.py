"""Logs as the gateway writes them, and the files of a run that they are compared with."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluator import predictions_table as table
from gateway.log.files import write_file
from schemas import request_log as columns
from testing.monitoring.streams import MOODS, PRIOR, confusion_rates, draw

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def log_rows(
    stream: Any, version: int | None = 7, moods: Sequence[str] = MOODS, **more: Any
) -> list[dict[str, Any]]:
    """Returns a stream as rows of the log; ``more`` are columns of every row."""
    rows = []
    for number in range(len(stream)):
        mood = int(stream.mood[number])
        none = bool(stream.shares["no_animal"][number])
        rows.append(
            dict.fromkeys(columns.COLUMNS)
            | {
                "time": NOW + datetime.timedelta(seconds=number),
                "version": version,
                "status": "no_animal" if none else "ok",
                "mood": "" if none else moods[mood],
                "unsure": None if none else bool(stream.shares["unsure"][number]),
                "probabilities": [] if none else stream.probabilities[number].tolist(),
                "moods": list(moods),
                "box": None if none else [0, 0, 9, 9],
            }
            | {
                name: None if none else float(values[number])
                for name, values in stream.facts.items()
            }
            | more
        )
    return rows


def write_log(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Writes rows as files of some hundred; returns the folder."""
    for number, begin in enumerate(range(0, len(rows), 400)):
        write_file(folder, rows[begin : begin + 400], NOW + datetime.timedelta(hours=number))
    return folder


def write_run(folder: Path, moods: Sequence[str] = MOODS, rows: int = 3000) -> Path:
    """Writes the files of two evaluations; the newer one was not blessed. Returns the folder."""
    rng = np.random.default_rng(0)
    for number, blessed in ((3, True), (8, False)):
        predictions = folder / f"pipeline/Evaluator/predictions/{number}/predictions.parquet"
        metrics = folder / f"pipeline/Evaluator/evaluation/{number}/metrics.json"
        predictions.parent.mkdir(parents=True)
        metrics.parent.mkdir(parents=True)
        document = {"verdict": {"blessed": blessed}, "unsure": {"threshold": 0.5}}
        metrics.write_text(json.dumps(document))
        if blessed:
            _write_predictions(predictions, rng, rows, moods)
        else:
            predictions.write_bytes(b"never read")
    return folder


def _write_predictions(
    path: Path, rng: np.random.Generator, rows: int, moods: Sequence[str]
) -> None:
    stream = draw(rng, rows)
    true = rng.choice(len(moods), rows, p=PRIOR)
    predicted = (rng.random((rows, 1)) > confusion_rates()[true].cumsum(1)).sum(1).clip(0, 5)
    probabilities = np.full((rows, 6), 0.04, np.float32)
    # A fifth is unsure: 0.45 lies below the run's threshold of 0.5.
    probabilities[np.arange(rows), predicted] = np.where(rng.random(rows) < 0.2, 0.45, 0.8)
    facts = {n: np.where(np.isnan(v), 0.3, v).tolist() for n, v in stream.facts.items()}
    row_columns: dict[str, Any] = {
        **dict.fromkeys(table.ROW_COLUMNS, [None] * rows),
        **facts,
        table.LINE: list(range(2, rows + 2)),
        table.LABEL_INDEX: true.tolist(),
        table.SCORED: [True] * rows,
    }
    with table.Writer(str(path), moods, 2, [table.MODEL], rows) as writer:
        writer.add(row_columns, {table.MODEL: probabilities})
