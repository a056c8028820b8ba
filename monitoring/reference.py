"""What requests are compared with: the eval rows of the model's run, or an accepted part of a log.

The run's table of predictions has, for each eval row, the image facts of its view, the true mood
and the model's probabilities. Requests of another kind than the eval rows (other cameras, other
crops) differ from them from the first day on; for these there is ``--reference``, a folder with the
log of some days that were looked at and found good.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.evaluator import predictions_table as table
from monitoring.requests import Requests
from schemas import artifacts, json_text
from schemas import request_log as columns
from schemas.errors import ConfigError
from system.arrow import pa
from system.parquet import read_batches

Array = npt.NDArray[np.float64]
FACTS = (columns.BRIGHTNESS, columns.CONTRAST, columns.SHARPNESS, columns.BOX_AREA)
"""Image facts that are compared."""


@dataclass(frozen=True)
class Reference:
    """Rows that requests are compared with.

    Attributes:
      source: where they are from, for people.
      moods: names, in the label map's order.
      rows: number of rows.
      facts: by column, float64[n] in rising order, of at most some thousand drawn rows.
      predicted: float64[k], rows by predicted mood.
      confusion: float64[k, k], eval rows by true and predicted mood.
      shares: "unsure", "no_animal" and "unusable" with (rows that are so, rows that are known);
        one that is not known is left out.
    """

    source: str
    moods: tuple[str, ...]
    rows: int
    facts: dict[str, Array]
    predicted: Array
    confusion: Array
    shares: dict[str, tuple[int, int]]

    @property
    def prior(self) -> Array:
        """Shares of the true moods in the eval split, float64[k]."""
        rows = self.confusion.sum(1)
        shares: Array = rows / max(rows.sum(), 1)
        return shares


class RunFiles:
    """The files of the run that the model is from."""

    def __init__(self, predictions: Path, metrics: Path | None) -> None:
        """Keeps ``PREDICTIONS_PARQUET`` and, where there is one, ``METRICS_JSON``."""
        self.predictions, self.metrics = predictions, metrics


def find_run_files(output: Path) -> RunFiles:
    """Returns the files of the newest evaluation in an output folder that blessed its model.

    Raises:
      ConfigError: there is none.
    """
    evaluator = output / "pipeline" / "Evaluator"
    folders = evaluator.glob("evaluation/*") if evaluator.is_dir() else ()
    for folder in sorted(
        (each for each in folders if each.name.isdigit()), key=lambda each: -int(each.name)
    ):
        metrics = folder / artifacts.METRICS_JSON
        predictions = evaluator / "predictions" / folder.name / artifacts.PREDICTIONS_PARQUET
        if metrics.is_file() and predictions.is_file() and _is_blessed(metrics):
            return RunFiles(predictions, metrics)
    raise ConfigError(
        "--run must be the output folder of a finished run whose model was blessed. Received: "
        f"{output}, which has no such evaluation. Name the table of another place with "
        f"--predictions FILE ({artifacts.PREDICTIONS_PARQUET})"
    )


def read_reference(files: RunFiles, max_rows: int, rng: np.random.Generator) -> Reference:
    """Returns the scored eval rows of a run; memory does not grow with their number.

    Raises:
      ConfigError: a file is none of this project's.
    """
    threshold = _unsure_below(files.metrics)
    try:
        return _reference(str(files.predictions), threshold, max_rows, rng)
    except ConfigError:
        raise
    # What an altered table leads to: other types, indices beyond the moods, rows of other lengths.
    except (pa.ArrowException, LookupError, TypeError, ValueError, OSError) as error:
        raise ConfigError(
            f"--predictions must be a run's {artifacts.PREDICTIONS_PARQUET}. Received: "
            f"{files.predictions} ({type(error).__name__}: {str(error)[:200]})"
        ) from error


def _reference(
    path: str, threshold: float | None, max_rows: int, rng: np.random.Generator
) -> Reference:
    moods = table.Table(path).mood_names
    if not all(isinstance(name, str) for name in moods):
        raise ValueError("moods that are no texts")
    kept = Kept(FACTS, max_rows, rng)
    confusion = np.zeros((len(moods), len(moods)))
    unsure = rows = 0
    names = [table.SCORED, table.LABEL_INDEX, table.probabilities_column(table.MODEL), *FACTS]
    for batch in read_batches(path, names, table.ROW_GROUP):
        batch = batch.filter(batch.column(table.SCORED))
        if not len(batch):
            continue
        probabilities = table.probabilities_of(batch, table.MODEL)
        if probabilities.shape[1] != len(moods):
            raise ValueError(f"{probabilities.shape[1]} probabilities of {len(moods)} moods")
        predicted = table.predicted_indices(probabilities)
        true = np.asarray(batch.column(table.LABEL_INDEX))
        if ((true < 0) | (true >= len(moods))).any():
            raise ValueError("a row's label is none of the moods")
        good = predicted < len(moods)
        np.add.at(confusion, (true[good], predicted[good]), 1)
        rows += len(batch)
        if threshold is not None:
            unsure += int((probabilities.max(1) < threshold).sum())
        facts = {name: np.asarray(batch.column(name), np.float64) for name in FACTS}
        kept.add(
            {name: np.where(np.isfinite(v), v, np.nan) for name, v in facts.items()}, len(batch)
        )
    shares = {"unusable": (0, rows)}
    if threshold is not None:
        shares["unsure"] = (unsure, rows)
    return Reference(path, moods, rows, kept.sorted(), confusion.sum(0), confusion, shares)


def reference_from_log(
    run: Reference,
    requests: Iterable[Requests],
    source: str,
    max_rows: int,
    rng: np.random.Generator,
) -> Reference:
    """Returns a reference of logged requests, with the confusion matrix of a run."""
    kept = Kept(FACTS, max_rows, rng)
    predicted = np.zeros(len(run.moods))
    counts = dict.fromkeys(("unsure", "no_animal", "unusable"), (0, 0))
    rows = 0
    for each in requests:
        rows += len(each)
        kept.add(each.facts, len(each))
        moods = each.mood[each.mood >= 0]
        predicted += np.bincount(moods, minlength=len(run.moods))
        for name, values in each.shares.items():
            known = values >= 0
            so, of = counts[name]
            counts[name] = (so + int((values == 1).sum()), of + int(known.sum()))
    shares = {name: pair for name, pair in counts.items() if pair[1]}
    return Reference(source, run.moods, rows, kept.sorted(), predicted, run.confusion, shares)


class Kept:
    """Rows that are kept of many, each with the same chance (reservoir sampling, algorithm R)."""

    def __init__(self, names: Sequence[str], max_rows: int, rng: np.random.Generator) -> None:
        self._values = {name: np.full(max_rows, np.nan) for name in names}
        self._max_rows, self._rng, self._seen = max_rows, rng, 0

    def add(self, values: dict[str, Array], count: int) -> None:
        """Takes over some rows: float64[count] by name, NaN where a value is not known."""
        numbers = np.arange(self._seen, self._seen + count)
        places = np.where(
            numbers < self._max_rows, numbers, (self._rng.random(count) * (numbers + 1)).astype(int)
        )
        self._seen += count
        chosen = places < self._max_rows
        for name, kept in self._values.items():
            kept[places[chosen]] = values[name][chosen]

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self._values)

    def rows(self) -> Array:
        """Returns the kept rows, float64[n, columns]."""
        rows: Array = np.stack(list(self._values.values()), 1)[: self._seen]
        return rows

    def sorted(self) -> dict[str, Array]:
        """Returns the known values of each column in rising order."""
        return {name: np.sort(kept[~np.isnan(kept)]) for name, kept in self._values.items()}


def _is_blessed(metrics: Path) -> bool:
    document = _read(metrics)
    verdict = document.get("verdict")
    return isinstance(verdict, dict) and verdict.get("blessed") is True


def _unsure_below(metrics: Path | None) -> float | None:
    """Returns the probability below which the model is unsure, where the run has decided it."""
    unsure = _read(metrics).get("unsure") if metrics is not None else None
    threshold = unsure.get("threshold") if isinstance(unsure, dict) else None
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        return None
    # Above 1 no answer is sure.
    return float(threshold) if 0 <= threshold < math.inf else None


def _read(path: Path) -> dict[str, object]:
    try:
        document = json_text.parsed(json_text.read(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} must be a run's {artifacts.METRICS_JSON}. Received: {error}"
        ) from error
    return document if isinstance(document, dict) else {}
