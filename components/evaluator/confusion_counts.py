"""Counts of the predictions table by clip, from which all scores and intervals are computed.

The file is read once. Memory grows with the clips and the moods and not with the frames.

Intervals are drawn from *resampling units*: the animals (groups), and the clips whose animal is not
known. Where there are more than ``MAX_RESAMPLING_UNITS``, they are pools of these, to which they
are assigned in turn. Animals are independent of each other, and so are pools of them. Pools keep
the memory of the draws small where every photo is a clip.
"""

from collections import Counter
from typing import Any

import numpy as np

from components.evaluator import calibration, predictions_table
from components.evaluator.certainty_counts import CertaintyCounts
from components.evaluator.predictor_counts import (
    Ints,
    PredictorCounts,
    Rows,
    add_to_bins,
    with_rows,
)
from dataset import scores
from dataset.scores import Matrix
from schemas.documents.intervals import ResamplingUnit
from system.arrow import pa

SliceKey = tuple[tuple[str, Any], ...]
"""A slice's key as TFMA writes it: () is all rows, (("species", "CAT"),) is the cats."""
ALL_ROWS: SliceKey = ()

MAX_RESAMPLING_UNITS = 8192


class ConfusionCounts:
    """Confusion matrices and calibration bins of each predictor, by clip.

    Attributes:
      mood_names: in index order.
      majority_index: index of the commonest mood.
      rows: number of scored rows; the other rows are not counted.
      label_counts: float64[clips, k], each clip's rows by mood.
      predictors: counts of each predictor that gives probabilities, by its name. Rows that another
        model than the new one was trained on are not among its rows.
      trained_on_rows: number of rows that each of the other models was trained on.
      grouped_clips: number of clips whose animal is known.
      combinations: number of the model's rows by their values of
        ``predictions_table.SLICE_COLUMNS``, their label index and their predicted index.
      certainty: how sure the model's answers are, and how right.
    """

    def __init__(self, table: predictions_table.Table, unsure_below: float = 0.0) -> None:
        """Reads the whole table; ``unsure_below`` is the model's threshold."""
        self.mood_names, self.majority_index = table.mood_names, table.majority_index
        self.rows = 0
        self._clip_indices: dict[str, int] = {}
        self._clip_units = np.zeros(0, np.int64)
        self._group_units: dict[str, int] = {}
        self._units = 0
        self.grouped_clips = 0
        self._slice_indices: dict[SliceKey, int] = {ALL_ROWS: 0}
        num_classes = len(self.mood_names)
        self.label_counts = np.zeros((0, num_classes))
        self.predictors = {
            name: PredictorCounts(num_classes, MAX_RESAMPLING_UNITS) for name in table.predictors
        }
        self.trained_on_rows = table.trained_on_rows()
        # The model on the rows of another, where these are not all rows.
        self._twins = {
            name: PredictorCounts(num_classes, MAX_RESAMPLING_UNITS)
            for name, rows in self.trained_on_rows.items()
            if rows
        }
        self.combinations: Counter[tuple[Any, ...]] = Counter()
        self.certainty = CertaintyCounts(num_classes, MAX_RESAMPLING_UNITS, unsure_below)
        for batch in table.batches():
            self._add(batch)
        for predictor in (*self.predictors.values(), *self._twins.values()):
            predictor.merge()

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self._clip_indices)

    @property
    def resampling_units(self) -> int:
        """Number of animals and clips, or of pools of them, that intervals are drawn from."""
        return min(self._units, MAX_RESAMPLING_UNITS)

    @property
    def unit(self) -> ResamplingUnit:
        """What a resampling unit is."""
        if self.grouped_clips in (0, self.clips):
            return "groups" if self.grouped_clips else "clips"
        return "groups_and_clips"

    def rows_of(self, predictor: str) -> int:
        """Returns the number of rows that a predictor is scored on."""
        return self.rows - self.trained_on_rows.get(predictor, 0)

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
        return self._matrices(self.predictors[predictor], slice_key)

    def pair(self, other: str, slice_key: SliceKey = ALL_ROWS) -> tuple[Matrix, Matrix]:
        """Returns the confusion matrices of the model and of another predictor, on the same rows.

        These are the rows that the other was not trained on.

        Args:
          other: see ``confusion_matrices``, and for the other argument.
          slice_key: likewise.
        """
        model = self._twins.get(other, self.predictors[predictions_table.MODEL])
        return self._matrices(model, slice_key), self.confusion_matrices(other, slice_key)

    def _matrices(self, predictor: PredictorCounts, slice_key: SliceKey) -> Matrix:
        matrices = predictor.confusion_matrices(
            self._slice_indices[slice_key], self._clip_units % MAX_RESAMPLING_UNITS
        )
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
        units = self._clip_units % MAX_RESAMPLING_UNITS
        if predictor == predictions_table.MAJORITY:
            y_pred = np.full(self.clips, self.majority_index)
            probabilities = np.zeros((self.clips, num_classes))
        else:
            probabilities = self.predictors[predictor].mean_probabilities()
            y_pred = predictions_table.predicted_indices(probabilities)
            has_rows = self.predictors[predictor].clips_with_rows()
            y_true, y_pred, units = y_true[has_rows], y_pred[has_rows], units[has_rows]
            probabilities = probabilities[has_rows]

        matrices = np.zeros((self.resampling_units, num_classes, num_classes + 1))
        np.add.at(matrices, (units, y_true, y_pred), 1)
        bins = np.zeros((self.resampling_units, calibration.BINS, 3))
        add_to_bins(bins, units, y_true, y_pred, probabilities)
        return matrices, bins

    def _add(self, batch: pa.RecordBatch) -> None:
        self.rows += len(batch)
        known_clips = self.clips
        clips = self._indices(batch.column(predictions_table.CLIP), self._clip_indices)
        self._assign_units(clips, batch.column(predictions_table.GROUP), known_clips)
        units = self._clip_units[clips] % MAX_RESAMPLING_UNITS
        y_true = batch.column(predictions_table.LABEL_INDEX).to_numpy()
        self.label_counts = with_rows(self.label_counts, len(self._clip_indices))
        np.add.at(self.label_counts, (clips, y_true), 1)
        slices = self._slices_of(batch)

        rows_by_name = {}
        for name in self.predictors:
            probabilities = predictions_table.probabilities_of(batch, name)
            y_pred = predictions_table.predicted_indices(probabilities)
            rows_by_name[name] = Rows(slices, clips, units, y_true, y_pred, probabilities)
        model_rows = rows_by_name[predictions_table.MODEL]
        self.certainty.add(model_rows)
        for name, rows in rows_by_name.items():
            if name not in self._twins:
                self.predictors[name].add(rows, self.clips)
                continue
            unseen = ~predictions_table.trained_on(batch, name)
            self.predictors[name].add(rows.where(unseen), self.clips)
            self._twins[name].add(model_rows.where(unseen), self.clips)

        columns = [batch.column(column).to_pylist() for column in predictions_table.SLICE_COLUMNS]
        y_pred = model_rows.y_pred
        self.combinations.update(zip(*columns, y_true.tolist(), y_pred.tolist(), strict=True))

    def _assign_units(self, clips: Ints, groups: pa.Array, known_clips: int) -> None:
        """Gives each new clip its animal's resampling unit; its first row names the animal.

        So a clip stays whole, even if its rows name several animals.
        """
        new = np.flatnonzero(clips >= known_clips)
        # New clips have rising indices in the order of their first rows.
        _, first = np.unique(clips[new], return_index=True)
        units = []
        for group in groups.take(pa.array(new[first])).to_pylist():
            unit = self._group_units.setdefault(group, self._units) if group else self._units
            self._units = max(self._units, unit + 1)
            self.grouped_clips += bool(group)
            units.append(unit)
        self._clip_units = np.concatenate([self._clip_units, np.array(units, np.int64)])

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
