"""Labels any number of inputs into a file, a part at a time; goes on where it was stopped."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from client.backends.model import Model
from client.batch.output_table import table_of
from client.batch.parts import parts_of
from client.predict.prediction_inputs import Input
from client.predict.predictions import FailedPrediction, Outcome
from client.predict.predictor import BATCH, predict_all

PART = 4096
"""Inputs of a part: what a kill costs at most, and what is in memory beside the pictures."""


class Labelled(NamedTuple):
    """How it went.

    Attributes:
      rows: in the file.
      errors: rows without a mood, by error.
      found: rows that an earlier run had answered.
    """

    rows: int
    errors: Counter[str]
    found: int


def label(
    model: Model,
    inputs: Iterable[Input],
    out: Path,
    job: Mapping[str, object],
    batch: int = BATCH,
    part: int = PART,
    say: Callable[[str], None] = lambda words: None,
) -> Labelled:
    """Asks about the inputs and writes a row for each; see ``client.batch.output_table``.

    Args:
      model: asked.
      inputs: in the order of the rows, the same whenever the command is repeated.
      out: the file, .csv or .parquet.
      job: what else the rows depend on; see ``client.batch.parts``.
      batch: pictures asked at a time.
      part: inputs of a part.
      say: told how far it is.

    Raises:
      ConfigError: see ``client.batch.parts``.
      ServerError: a server cannot be asked any more; the finished parts stay.
    """
    moods = model.info.moods
    source = iter(inputs)
    progress = _Progress(say)
    done = parts_done = found = 0
    job = {**job, "moods": moods, "resolution": model.info.resolution, "rows in a part": part}
    with parts_of(out, job, moods) as parts:
        while some := list(islice(source, part)):
            digest = _digest(some)
            if parts.is_finished(parts_done, digest):
                found += len(some)
                progress.skip(len(some))
            else:
                rows: list[Outcome] = []
                for answered in predict_all(model, some, batch):
                    rows += answered
                    progress.add(answered)
                parts.add(parts_done, table_of(done, some, rows, moods), digest)
            done += len(some)
            parts_done += 1
        say(f"writing {out.name}")
        return Labelled(done, parts.join(parts_done), found)


def _digest(inputs: Sequence[Input]) -> str:
    """Returns a hash of what the inputs are, not of the pictures' content."""
    digest = hashlib.sha256()
    for one in inputs:
        text = repr((one.image, one.path, one.bbox, one.fault))
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class _Progress:
    """Says how many are done, how fast, and how many of them in vain."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._began = time.monotonic()
        self._found = self._done = self._errors = 0

    def skip(self, count: int) -> None:
        self._found += count
        self._began = time.monotonic()
        self._tell()

    def add(self, rows: Sequence[Outcome]) -> None:
        self._done += len(rows)
        self._errors += sum(isinstance(row, FailedPrediction) for row in rows)
        self._tell()

    def _tell(self) -> None:
        rate = self._done / max(time.monotonic() - self._began, 1e-3)
        before = f" ({self._found:,} before)" if self._found else ""
        self._say(
            f"{self._found + self._done:,} pictures{before}, {rate:,.0f}/s, {self._errors:,} errors"
        )
