"""Batch prediction: predicts any number of inputs into a file, and resumes where it was stopped."""

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from client.backends.model import Model
from client.batch.output_table import table_schema, to_table
from client.batch.parts import open_parts
from client.predict.predict_batches import BATCH_SIZE, predict_all
from client.predict.prediction_inputs import PredictionInput
from client.predict.predictions import FailedPrediction, Outcome
from schemas.errors import ConfigError
from system.arrow import pa

PART_ROWS = 4096
"""Inputs in a part: the work that a kill -9 costs at most, and the outcomes in memory."""


class BatchResult(NamedTuple):
    """Counts of a finished batch prediction.

    Attributes:
      rows: in the file.
      errors: rows without a mood, by error.
      resumed: rows that an earlier run had predicted.
      unsure: rows whose answer is unsure.
    """

    rows: int
    errors: Counter[str]
    resumed: int
    unsure: int = 0


def predict_to_file(
    model: Model,
    inputs: Iterable[PredictionInput],
    out: Path,
    job: Mapping[str, object],
    batch_size: int = BATCH_SIZE,
    part_rows: int = PART_ROWS,
    report_progress: Callable[[str], None] = lambda text: None,
    look_at: Callable[[Sequence[Outcome]], None] = lambda outcomes: None,
) -> BatchResult:
    """Predicts the inputs and writes one row for each; see ``client.batch.output_table``.

    Args:
      model: predicts.
      inputs: in the order of the rows, and the same whenever the command is repeated.
      out: the file, .csv or .parquet.
      job: everything apart from the inputs that the rows depend on; see ``client.batch.parts``.
      batch_size: pictures in a batch.
      part_rows: inputs in a part.
      report_progress: gets the text of a progress line.
      look_at: gets the outcomes of each batch.

    Raises:
      ConfigError: see ``client.batch.parts``.
      ServerError: a server cannot be reached any more; what it has answered before is kept.
    """
    mood_names = model.info.mood_names
    remaining = iter(inputs)
    progress = _Progress(report_progress, look_at)
    rows_done = parts_done = resumed = 0
    job = {
        **job,
        "moods": mood_names,
        "resolution": model.info.resolution,
        "columns": table_schema(mood_names).names,
        "rows in a part": part_rows,
    }
    with open_parts(out, job, mood_names) as parts:
        if (finished := parts.finished) is not None:
            parts.clean_up()
            return BatchResult(finished.rows, finished.errors, finished.rows, finished.unsure)
        while part := list(islice(remaining, part_rows)):
            digest = _digest(part)
            if parts.is_finished(parts_done, digest, len(part)):
                resumed += len(part)
                progress.skip(len(part))
            else:
                begun = parts.begun(parts_done, digest, len(part))
                resumed += 0 if begun is None else len(begun)
                rows = _predict_part(
                    *(model, part, rows_done, begun, batch_size, progress),
                    partial(parts.add_begun, parts_done, digest),
                )
                parts.add(parts_done, digest, rows)
            rows_done += len(part)
            parts_done += 1

        report_progress(f"writing {out.name}")
        errors, unsure = parts.join(parts_done)
        return BatchResult(rows_done, errors, resumed, unsure)


def _predict_part(
    model: Model,
    inputs: Sequence[PredictionInput],
    first_row: int,
    begun: pa.Table | None,
    batch_size: int,
    progress: "_Progress",
    keep: Callable[[pa.Table], None],
) -> pa.Table:
    """Returns the rows of a part.

    Args:
      model: predicts.
      inputs: of the part.
      first_row: number of its first row.
      begun: its first rows, if an earlier run has predicted some.
      batch_size: pictures in a batch.
      progress: gets the outcomes.
      keep: gets the first rows where an error or Ctrl-C cuts the part short.
    """
    done = 0 if begun is None else len(begun)
    progress.skip(done)
    outcomes: list[Outcome] = []

    def rows() -> pa.Table:
        answered = inputs[done : done + len(outcomes)]
        new = to_table(first_row + done, answered, outcomes, model.info.mood_names)
        return new if begun is None else pa.concat_tables([begun, new])

    try:
        for batch in predict_all(model, inputs[done:], batch_size):
            outcomes += batch
            progress.add(batch)
    except BaseException:
        if outcomes:
            # The error that has ended the part is told, and not that of a full disk.
            with contextlib.suppress(ConfigError):
                keep(rows())
        raise
    return rows()


def _digest(inputs: Sequence[PredictionInput]) -> str:
    """Returns a hash of the inputs' paths, boxes and faults, not of the pictures' content."""
    digest = hashlib.sha256()
    for one in inputs:
        text = repr((one.image, one.path, one.bbox, one.fault))
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class _Progress:
    """Reports the number of pictures, the speed and the number of errors."""

    def __init__(
        self, report: Callable[[str], None], look_at: Callable[[Sequence[Outcome]], None]
    ) -> None:
        self._report = report
        self._look_at = look_at
        self._start = time.monotonic()
        self._resumed = self._done = self._errors = 0

    def skip(self, count: int) -> None:
        if not count:
            return
        self._resumed += count
        self._start = time.monotonic()
        self._update()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        self._look_at(outcomes)
        self._done += len(outcomes)
        self._errors += sum(isinstance(one, FailedPrediction) for one in outcomes)
        self._update()

    def _update(self) -> None:
        rate = self._done / max(time.monotonic() - self._start, 1e-3)
        resumed = f" ({self._resumed:,} before)" if self._resumed else ""
        self._report(
            f"{self._resumed + self._done:,} pictures{resumed}, {rate:,.0f}/s, "
            f"{self._errors:,} errors"
        )
