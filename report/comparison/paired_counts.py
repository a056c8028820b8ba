"""Confusion matrices of several runs by the same animals and clips.

Each table of predictions is read once, some thousand rows at a time. Memory grows with the clips,
and by 8 bytes a row for telling whether the rows are the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator import predictions_table
from components.evaluator.confusion_counts import MAX_RESAMPLING_UNITS
from components.evaluator.predictions_table import MODEL, Table
from dataset.scores import Matrix
from schemas.documents.intervals import ResamplingUnit
from system.arrow import pa
from system.parquet import read_batches

_MAX_CELLS = 1 << 25
"""Most cells of a run's matrices, 256 MiB: with many moods the units are fewer and larger."""
_COLUMNS = [
    predictions_table.SCORED,
    predictions_table.PATH,
    predictions_table.CLIP,
    predictions_table.GROUP,
    predictions_table.LABEL,
    predictions_table.probabilities_column(MODEL),
]


class RowsDifferError(ValueError):
    """Runs that were not judged by the same rows; the message says how they differ."""


class PairedCounts:
    """Counts of several runs on the same rows.

    Attributes:
      mood_names: of the first run, in index order.
      rows: rows that judged each of them.
      matrices: by run float64[units, k, k + 1]; unit i is the same animals and clips in each.
    """

    def __init__(self, predictions: Sequence[Path]) -> None:
        """Reads the tables.

        Args:
          predictions: a table for each run, the first run's first.

        Raises:
          RowsDifferError: the moods or the scored rows differ.
        """
        tables = [Table(str(path)) for path in predictions]
        self.mood_names = tables[0].mood_names
        self._most_units = max(
            2, min(MAX_RESAMPLING_UNITS, _MAX_CELLS // (len(self.mood_names) + 1) ** 2)
        )
        self._unit_of_clip: dict[str, int] = {}
        self._unit_of_group: dict[str, int] = {}
        self._units = 0
        self._grouped_clips = 0
        matrices = []
        first_rows: npt.NDArray[np.int64] | None = None
        for path, table in zip(predictions, tables, strict=True):
            if set(table.mood_names) != set(self.mood_names):
                raise RowsDifferError(
                    f"the moods differ: {', '.join(self.mood_names)} and "
                    f"{', '.join(table.mood_names)}"
                )
            matrix, rows = self._count(path, table.mood_names)
            if first_rows is None:
                first_rows = rows
            elif not np.array_equal(first_rows, rows):
                raise RowsDifferError(_difference(first_rows, rows))
            matrices.append(matrix)
        self.rows = 0 if first_rows is None else len(first_rows)
        units = min(self._units, self._most_units)
        self.matrices: list[Matrix] = [matrix[:units] for matrix in matrices]

    @property
    def units(self) -> int:
        """Number of animals and clips, or of pools of them."""
        return min(self._units, self._most_units)

    @property
    def unit(self) -> ResamplingUnit:
        """What a unit is."""
        if self._grouped_clips in (0, len(self._unit_of_clip)):
            return "groups" if self._grouped_clips else "clips"
        return "groups_and_clips"

    def _count(self, path: Path, mood_names: Sequence[str]) -> tuple[Matrix, npt.NDArray[np.int64]]:
        """Returns the matrices of a run and its rows' hashes, sorted."""
        num_moods = len(self.mood_names)
        index_of = {name: index for index, name in enumerate(self.mood_names)}
        # Where the runs have the moods in another order; the last is "no prediction".
        ours = np.array([*(index_of[name] for name in mood_names), num_moods])
        matrix = np.zeros((self._most_units, num_moods, num_moods + 1))
        hashes = [np.zeros(0, np.int64)]
        for batch in read_batches(str(path), _COLUMNS, predictions_table.ROW_GROUP):
            scored = batch.filter(batch.column(predictions_table.SCORED))
            if not len(scored):
                continue
            columns: dict[str, list[Any]] = {
                name: scored.column(name).to_pylist()
                for name in (predictions_table.PATH, predictions_table.CLIP,
                             predictions_table.GROUP, predictions_table.LABEL)
            }  # fmt: skip
            clips, labels = columns[predictions_table.CLIP], columns[predictions_table.LABEL]
            units = self._units_of(clips, columns[predictions_table.GROUP])
            y_true = np.array([index_of[label] for label in labels])
            y_pred = ours[_predicted(scored)]
            np.add.at(matrix, (units % self._most_units, y_true, y_pred), 1)
            rows = zip(columns[predictions_table.PATH], clips, labels, strict=True)
            hashes.append(np.fromiter(map(hash, rows), np.int64, len(scored)))
        return matrix, np.sort(np.concatenate(hashes))

    def _units_of(self, clips: Sequence[str], groups: Sequence[str | None]) -> Any:
        """Returns int64[n]; a clip's first row names its animal, so that a clip stays whole."""
        for clip, group in zip(clips, groups, strict=True):
            if clip in self._unit_of_clip:
                continue
            unit = self._unit_of_group.setdefault(group, self._units) if group else self._units
            self._unit_of_clip[clip] = unit
            self._units = max(self._units, unit + 1)
            self._grouped_clips += bool(group)
        return np.array([self._unit_of_clip[clip] for clip in clips], np.int64)


def _predicted(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    return predictions_table.predicted_indices(predictions_table.probabilities_of(batch, MODEL))


def _difference(first: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> str:
    shared = int(np.isin(first, other).sum())
    return (
        f"the eval rows differ: {len(first):,} and {len(other):,} rows judged the models, and "
        f"{shared:,} of the first run's are among the other's"
    )
