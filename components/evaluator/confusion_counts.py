"""Counts of the predictions table by clip, from which all scores and intervals are computed.

The file is read once. Memory grows with the clips and the moods and not with the frames.

Intervals are drawn from *resampling units*: the clips themselves or, where there are more than
``MAX_RESAMPLING_UNITS`` (AI Hub's eval split has 7,649), pools of clips, to which the clips are
assigned in turn. Clips are independent of each other, and so are pools of them. Pools keep the
memory of the draws small where every photo is a clip.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator import calibration, predictions_table, scores
from components.evaluator.scores import Matrix
from system.arrow import pa

SliceKey = tuple[tuple[str, Any], ...]
"""A slice's key as TFMA writes it: () is all rows, (("species", "CAT"),) is the cats."""
ALL_ROWS: SliceKey = ()

MAX_RESAMPLING_UNITS = 8192
_CLIP_LIMIT = 1 << 32
_MAX_PENDING_CELLS = 1 << 20

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class ConfusionCounts:
    """Confusion matrices and calibration bins of each predictor, by clip.

    Attributes:
      mood_names: in index order.
      majority_index: index of the commonest mood.
      rows: number of scored rows; the other rows are not counted.
      label_counts: float64[clips, k], each clip's rows by mood.
      predictors: counts of each predictor that gives probabilities, by its name.
      combinations: number of the model's rows by their values of
        ``predictions_table.SLICE_COLUMNS``, their label index and their predicted index.
    """

    def __init__(self, table: predictions_table.Table) -> None:
        """Reads the whole table."""
        self.mood_names, self.majority_index = table.mood_names, table.majority_index
        self.rows = 0
        self._clip_indices: dict[str, int] = {}
        self._slice_indices: dict[SliceKey, int] = {ALL_ROWS: 0}
        num_classes = len(self.mood_names)
        self.label_counts = np.zeros((0, num_classes))
        self.predictors = {name: PredictorCounts(num_classes) for name in table.predictors}
        self.combinations: Counter[tuple[Any, ...]] = Counter()
        for batch in table.batches():
            self._add(batch)
        for predictor in self.predictors.values():
            predictor.merge()

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self._clip_indices)

    @property
    def resampling_units(self) -> int:
        """Number of clips, or of pools of them, that intervals are drawn from."""
        return min(self.clips, MAX_RESAMPLING_UNITS)

    @property
    def finite_rows(self) -> int:
        """Number of rows whose probabilities by the model are all finite."""
        return self.rows - self.predictors[predictions_table.MODEL].non_finite_rows

    @property
    def slices(self) -> list[SliceKey]:
        """The slices that have rows, by column and value, without ``ALL_ROWS``."""
        order = {column: index for index, column in enumerate(predictions_table.SLICE_COLUMNS)}
        keys = [key for key in self._slice_indices if key != ALL_ROWS]
        return sorted(keys, key=lambda key: (order[key[0][0]], key[0][1]))

    def confusion_matrices(self, predictor: str, slice_key: SliceKey = ALL_ROWS) -> Matrix:
        """Returns float64[units, k, k + 1]: each unit's confusion matrix on a slice's rows.

        Args:
          predictor: one of ``predictors``, or ``predictions_table.MAJORITY``.
          slice_key: of the slice.
        """
        if predictor == predictions_table.MAJORITY:
            return scores.majority_confusion(
                self.confusion_matrices(predictions_table.MODEL, slice_key), self.majority_index
            )
        matrices = self.predictors[predictor].confusion_matrices(self._slice_indices[slice_key])
        return matrices[: self.resampling_units]

    def clips_of(self, slice_key: SliceKey) -> int:
        """Returns the number of clips that have rows in a slice."""
        return self.predictors[predictions_table.MODEL].clips_of(self._slice_indices[slice_key])

    def bins(self, predictor: str) -> calibration.Bins:
        """Returns float64[units, BINS, 3]: the calibration bins of the frames."""
        return self.predictors[predictor].bins[: self.resampling_units]

    def clip_level(self, predictor: str) -> tuple[Matrix, calibration.Bins]:
        """Returns confusion matrices and bins of clips in place of frames: each clip is one row.

        A clip's prediction is the likeliest mood by the mean probability over its frames. Its
        true mood is that of most of its frames, the first in the label map where two are as
        common.

        Returns:
          Confusion matrices float64[units, k, k + 1] and bins float64[units, BINS, 3].
        """
        num_classes = len(self.mood_names)
        y_true = self.label_counts.argmax(axis=1)
        if predictor == predictions_table.MAJORITY:
            y_pred = np.full(self.clips, self.majority_index)
            probabilities = np.zeros((self.clips, num_classes))
        else:
            probabilities = self.predictors[predictor].mean_probabilities()
            y_pred = predictions_table.predicted_indices(probabilities)

        units = np.arange(self.clips) % MAX_RESAMPLING_UNITS
        matrices = np.zeros((self.resampling_units, num_classes, num_classes + 1))
        np.add.at(matrices, (units, y_true, y_pred), 1)
        bins = np.zeros((self.resampling_units, calibration.BINS, 3))
        add_to_bins(bins, units, y_true, y_pred, probabilities)
        return matrices, bins

    def _add(self, batch: pa.RecordBatch) -> None:
        self.rows += len(batch)
        clips = self._indices(batch.column(predictions_table.CLIP), self._clip_indices)
        y_true = batch.column(predictions_table.LABEL_INDEX).to_numpy()
        self.label_counts = with_rows(self.label_counts, len(self._clip_indices))
        np.add.at(self.label_counts, (clips, y_true), 1)
        slices = self._slices_of(batch)

        for name, predictor in self.predictors.items():
            probabilities = predictions_table.probabilities_of(batch, name)
            y_pred = predictions_table.predicted_indices(probabilities)
            predictor.add(slices, clips, y_true, y_pred, probabilities, len(self._clip_indices))
            if name == predictions_table.MODEL:
                columns = [
                    batch.column(column).to_pylist() for column in predictions_table.SLICE_COLUMNS
                ]
                self.combinations.update(
                    zip(*columns, y_true.tolist(), y_pred.tolist(), strict=True)
                )

    def _slices_of(self, batch: pa.RecordBatch) -> list[Ints]:
        """Returns int64[n] for ``ALL_ROWS`` and each slice column: slice indices, -1 for null."""
        slices = [np.zeros(len(batch), np.int64)]
        for column in predictions_table.SLICE_COLUMNS:
            index_of = dict.fromkeys(batch.column(column).unique().to_pylist(), -1)
            for value in index_of:
                if value is not None:
                    key = ((column, value),)
                    index_of[value] = self._slice_indices.setdefault(key, len(self._slice_indices))
            slices.append(self._indices(batch.column(column), index_of))
        return slices

    @staticmethod
    def _indices(column: pa.Array, index_of: dict[Any, int]) -> Ints:
        """Returns int64[n]: the index of each value; a new value gets the next index."""
        encoded = column.dictionary_encode(null_encoding="encode")
        indices = [
            index_of.setdefault(value, len(index_of)) for value in encoded.dictionary.to_pylist()
        ]
        return np.array(indices, np.int64)[encoded.indices.to_numpy()]


class PredictorCounts:
    """Counts of one predictor's rows, by clip.

    Rows are counted in cells. A cell is a slice, a clip, a true and a predicted mood, packed into
    one int64.

    Attributes:
      non_finite_rows: number of rows with a NaN or infinite probability.
      bins: float64[MAX_RESAMPLING_UNITS, BINS, 3], see ``calibration``.
    """

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes
        self._cells: list[tuple[Ints, Ints]] = []
        self._pending_cells = 0
        self._probability_sums = np.zeros((0, num_classes + 1))
        self.non_finite_rows = 0
        self.bins: calibration.Bins = np.zeros((MAX_RESAMPLING_UNITS, calibration.BINS, 3))

    def add(
        self,
        slices: Sequence[Ints],
        clips: Ints,
        y_true: Ints,
        y_pred: Ints,
        probabilities: Floats,
        known_clips: int,
    ) -> None:
        """Adds rows.

        Args:
          slices: int64[n] each, indices of slices that the rows are in; -1 is none.
          clips: int64[n], indices of clips.
          y_true: int64[n], label indices.
          y_pred: int64[n], as ``predictions_table.predicted_indices`` returns them.
          probabilities: float64[n, k].
          known_clips: number of clips so far.
        """
        finite = y_pred < self._num_classes
        self.non_finite_rows += int((~finite).sum())
        self._probability_sums = with_rows(self._probability_sums, known_clips)
        # The last column counts the rows.
        addends = np.concatenate([probabilities, np.ones((len(clips), 1))], axis=1)
        np.add.at(self._probability_sums, clips[finite], addends[finite])
        add_to_bins(self.bins, clips % MAX_RESAMPLING_UNITS, y_true, y_pred, probabilities)

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
        count = self._probability_sums[:, -1:]
        means = np.full((len(count), self._num_classes), np.nan)
        return np.divide(self._probability_sums[:, :-1], count, out=means, where=count > 0)

    def confusion_matrices(self, slice_index: int) -> Matrix:
        """Returns float64[MAX_RESAMPLING_UNITS, k, k + 1] on a slice's rows, of merged counts."""
        shape = (MAX_RESAMPLING_UNITS, self._num_classes, self._num_classes + 1)
        size = self._num_classes * (self._num_classes + 1)
        cells, counts = self._slice_cells(slice_index)
        clips, positions = np.divmod(cells, size)
        flat = np.bincount(
            clips % MAX_RESAMPLING_UNITS * size + positions, counts, MAX_RESAMPLING_UNITS * size
        )
        return flat.astype(np.float64).reshape(shape)

    def clips_of(self, slice_index: int) -> int:
        """Returns the number of clips that have rows in a slice."""
        cells, _ = self._slice_cells(slice_index)
        return len(np.unique(cells // (self._num_classes * (self._num_classes + 1))))

    def _slice_cells(self, slice_index: int) -> tuple[Ints, Ints]:
        """Returns a slice's merged cells, less the slice's first cell, and their counts."""
        size = _CLIP_LIMIT * self._num_classes * (self._num_classes + 1)
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
