"""Counts of one predictor's rows by clip, from which its confusion matrices are made."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.evaluator import calibration
from dataset.scores import Matrix

_CLIP_LIMIT = 1 << 32
_MAX_PENDING_CELLS = 1 << 20

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Rows with one predictor's predictions.

    Attributes:
      slices: int64[n] each, indices of slices that the rows are in; -1 is none.
      clips: int64[n], indices of clips.
      units: int64[n], indices of resampling units, below the largest number of them.
      y_true: int64[n], label indices.
      y_pred: int64[n], as ``predictions_table.predicted_indices`` returns them.
      probabilities: float64[n, k].
    """

    slices: Sequence[Ints]
    clips: Ints
    units: Ints
    y_true: Ints
    y_pred: Ints
    probabilities: Floats

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """Returns the chosen rows, bool[n]."""
        return Rows(
            [part[chosen] for part in self.slices],
            self.clips[chosen],
            self.units[chosen],
            self.y_true[chosen],
            self.y_pred[chosen],
            self.probabilities[chosen],
        )


class PredictorCounts:
    """Counts of one predictor's rows, by clip.

    Rows are counted in cells. A cell is a slice, a clip, a true and a predicted mood, packed into
    one int64.

    Attributes:
      non_finite_rows: number of rows with a NaN or infinite probability.
      bins: float64[units, BINS, 3], see ``calibration``; as many units as there may be.
    """

    def __init__(self, num_classes: int, max_units: int) -> None:
        self._num_classes, self._max_units = num_classes, max_units
        self._cells: list[tuple[Ints, Ints]] = []
        self._pending_cells = 0
        self._probability_sums = np.zeros((0, num_classes + 2))
        self.non_finite_rows = 0
        self.bins: calibration.Bins = np.zeros((max_units, calibration.BINS, 3))

    def add(self, rows: Rows, known_clips: int) -> None:
        """Adds rows.

        Args:
          rows: with the predictor's predictions.
          known_clips: number of clips so far.
        """
        slices, clips, units, y_true, y_pred, probabilities = rows
        finite = y_pred < self._num_classes
        self.non_finite_rows += int((~finite).sum())
        self._probability_sums = with_rows(self._probability_sums, known_clips)
        # The last columns count the rows with and without a prediction.
        addends = np.concatenate(
            [np.where(finite[:, None], probabilities, 0), np.stack([finite, ~finite], axis=1)],
            axis=1,
        )
        np.add.at(self._probability_sums, clips, addends)
        add_to_bins(self.bins, units, y_true, y_pred, probabilities)

        for slice_index in slices:
            inside = slice_index >= 0
            cell = slice_index[inside] * _CLIP_LIMIT + clips[inside]
            cell = cell * self._num_classes + y_true[inside]
            cell = cell * (self._num_classes + 1) + y_pred[inside]
            self._cells.append(np.unique(cell, return_counts=True))
            self._pending_cells += len(self._cells[-1][0])
        if self._pending_cells > _MAX_PENDING_CELLS:
            self.merge()

    def merge(self) -> None:
        """Adds up counts of the same cell."""
        if not self._cells:
            return
        cells, inverse = np.unique(
            np.concatenate([cell for cell, _ in self._cells]), return_inverse=True
        )
        counts = np.concatenate([count for _, count in self._cells])
        self._cells = [(cells, np.bincount(inverse, counts).astype(np.int64))]
        self._pending_cells = 0

    def mean_probabilities(self) -> Floats:
        """Returns float64[clips, k]: means over a clip's finite rows, NaN where it has none."""
        count = self._probability_sums[:, -2:-1]
        means = np.full((len(count), self._num_classes), np.nan)
        return np.divide(self._probability_sums[:, :-2], count, out=means, where=count > 0)

    def clips_with_rows(self) -> npt.NDArray[np.bool_]:
        """Returns bool[clips]: whether any row of a clip was added."""
        return self._probability_sums[:, -2:].any(axis=1)

    def confusion_matrices(self, slice_index: int, clip_units: Ints) -> Matrix:
        """Returns float64[max_units, k, k + 1] on a slice's rows, of merged counts.

        Args:
          slice_index: of the slice.
          clip_units: int64[clips], each clip's resampling unit.
        """
        shape = (self._max_units, self._num_classes, self._num_classes + 1)
        size = self._num_classes * (self._num_classes + 1)
        cells, counts = self._slice_cells(slice_index)
        clips, positions = np.divmod(cells, size)
        flat = np.bincount(clip_units[clips] * size + positions, counts, self._max_units * size)
        return flat.astype(np.float64).reshape(shape)

    def clips_of(self, slice_index: int) -> int:
        """Returns the number of clips that have rows in a slice."""
        cells, _ = self._slice_cells(slice_index)
        return len(np.unique(cells // (self._num_classes * (self._num_classes + 1))))

    def _slice_cells(self, slice_index: int) -> tuple[Ints, Ints]:
        """Returns a slice's merged cells, less the slice's first cell, and their counts."""
        size = _CLIP_LIMIT * self._num_classes * (self._num_classes + 1)
        if not self._cells:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        ((cells, counts),) = self._cells
        begin, end = np.searchsorted(cells, [slice_index * size, (slice_index + 1) * size])
        return cells[begin:end] - slice_index * size, counts[begin:end]


def add_to_bins(
    bins: calibration.Bins, units: Ints, y_true: Ints, y_pred: Ints, probabilities: Floats
) -> None:
    """Adds rows with finite probabilities to the bins of their resampling units.

    Args:
      bins: float64[units, BINS, 3], changed in place.
      units: int64[n], indices of resampling units.
      y_true: see ``PredictorCounts.add``, and the next two.
      y_pred: likewise.
      probabilities: likewise.
    """
    finite = y_pred < probabilities.shape[1]
    confidence = probabilities[finite].max(axis=1)
    addends = np.stack(
        [np.ones(len(confidence)), confidence, y_pred[finite] == y_true[finite]], axis=-1
    )
    np.add.at(bins, (units[finite], calibration.bin_of(confidence)), addends)


def with_rows(array: Floats, rows: int) -> Floats:
    """Returns the array with rows of zeros added until it has ``rows`` rows."""
    more = np.zeros((rows - len(array), *array.shape[1:]))
    return np.concatenate([array, more]) if len(more) else array
