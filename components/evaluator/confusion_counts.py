"""Counts the table of predictions by clip: what every score and interval is made of.

One pass over the file. What is kept grows with the clips and the moods and not with the frames.

Intervals are drawn from *resampling units*: the clips themselves or, where there are more than
``MAX_RESAMPLING_UNITS`` (AI Hub's eval split has 7,649), pools of clips, dealt out in turn.
Clips do not depend on each other, so neither do pools of them, and what is drawn stays small where
every photo is a clip.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.evaluator import calibration, predictions_table, scores
from components.evaluator.scores import Matrix

Slice = tuple[tuple[str, Any], ...]
"""TFMA's form of a slice's key: () is everything, (("species", "CAT"),) is the cats."""
WHOLE: Slice = ()

MAX_RESAMPLING_UNITS = 8192
_CLIP_LIMIT = 1 << 32
_MOST_WAITING = 1 << 20

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class ConfusionCounts:
    """What the clips counted.

    Attributes:
      moods: names in index order.
      majority: index of the commonest mood.
      rows: number of rows that are judged; the others are not counted.
      labels: float64[clips, k], each clip's rows by mood.
      answers: of each answerer.
      combinations: rows of the model by values of ``table.SLICED``, label's and answer's index.
    """

    def __init__(self, source: predictions_table.Table) -> None:
        """Reads the whole table."""
        self.moods, self.majority = source.moods, source.majority
        self.rows = 0
        self._clips: dict[str, int] = {}
        self._slices: dict[Slice, int] = {WHOLE: 0}
        self.labels = np.zeros((0, len(self.moods)))
        self.answers = {name: PredictorCounts(len(self.moods)) for name in source.predictors}
        self.combinations: Counter[tuple[Any, ...]] = Counter()
        for batch in source.batches():
            self._add(batch)
        for answers in self.answers.values():
            answers.merge()

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self._clips)

    @property
    def resampling_units(self) -> int:
        """Number of clips, or of pools of them, that intervals are drawn from."""
        return min(self.clips, MAX_RESAMPLING_UNITS)

    @property
    def answered(self) -> int:
        """Number of rows that the model answered with numbers."""
        return self.rows - self.answers[predictions_table.MODEL].not_finite

    @property
    def slices(self) -> list[Slice]:
        """The slices that have rows, everything left out, by column and value."""
        order = {column: place for place, column in enumerate(predictions_table.SLICED)}
        found = [key for key in self._slices if key != WHOLE]
        return sorted(found, key=lambda key: (order[key[0][0]], key[0][1]))

    def confusions(self, predictor: str, key: Slice = WHOLE) -> Matrix:
        """Returns float64[units, k, k + 1]: each unit's confusion matrix on a slice's rows.

        Args:
          predictor: one of ``answers``, or ``table.MAJORITY``.
          key: of the slice.
        """
        if predictor == predictions_table.MAJORITY:
            return scores.majority_confusion(
                self.confusions(predictions_table.MODEL, key), self.majority
            )
        return self.answers[predictor].confusions(self._slices[key])[: self.resampling_units]

    def clips_of(self, key: Slice) -> int:
        """Returns the number of clips that have rows in a slice."""
        return self.answers[predictions_table.MODEL].clips_of(self._slices[key])

    def bins(self, predictor: str) -> calibration.Bins:
        """Returns float64[units, BINS, 3] of the frames."""
        return self.answers[predictor].bins[: self.resampling_units]

    def clip_predictions(self, predictor: str) -> tuple[Matrix, calibration.Bins]:
        """Returns the same for clips in place of frames, each clip being one row.

        A clip's answer is the likeliest mood by the mean probability over its frames; its mood
        is that of most of its frames, the first in the label map where two are as common.

        Returns:
          Confusion matrices float64[units, k, k + 1] and bins float64[units, BINS, 3].
        """
        moods = len(self.moods)
        truth = self.labels.argmax(axis=1)
        if predictor == predictions_table.MAJORITY:
            answer = np.full(self.clips, self.majority)
            means = np.zeros((self.clips, moods))
        else:
            means = self.answers[predictor].means()
            answer = predictions_table.predicted_index(means)
        unit = np.arange(self.clips) % MAX_RESAMPLING_UNITS
        confusions = np.zeros((self.resampling_units, moods, moods + 1))
        np.add.at(confusions, (unit, truth, answer), 1)
        bins = np.zeros((self.resampling_units, calibration.BINS, 3))
        add_to_bins(bins, unit, truth, answer, means)
        return confusions, bins

    def _add(self, batch: pa.RecordBatch) -> None:
        self.rows += len(batch)
        clips = self._numbers(batch.column(predictions_table.CLIP), self._clips)
        truth = batch.column(predictions_table.LABEL_INDEX).to_numpy()
        self.labels = with_rows(self.labels, len(self._clips))
        np.add.at(self.labels, (clips, truth), 1)
        memberships = [np.zeros(len(batch), np.int64)]
        for column in predictions_table.SLICED:
            numbers = dict.fromkeys(batch.column(column).unique().to_pylist(), -1)
            for value in numbers:
                if value is not None:
                    key = ((column, value),)
                    numbers[value] = self._slices.setdefault(key, len(self._slices))
            memberships.append(self._numbers(batch.column(column), numbers))
        for name, answers in self.answers.items():
            probabilities = predictions_table.probabilities_of(batch, name)
            answer = predictions_table.predicted_index(probabilities)
            answers.add(memberships, clips, truth, answer, probabilities, len(self._clips))
            if name == predictions_table.MODEL:
                columns = [batch.column(column).to_pylist() for column in predictions_table.SLICED]
                self.combinations.update(
                    zip(*columns, truth.tolist(), answer.tolist(), strict=True)
                )

    @staticmethod
    def _numbers(column: pa.Array, known: dict[Any, int]) -> Ints:
        """Returns int64[n]: the numbers of a column's values, new ones being numbered on."""
        encoded = column.dictionary_encode(null_encoding="encode")
        numbers = [known.setdefault(value, len(known)) for value in encoded.dictionary.to_pylist()]
        return np.array(numbers, np.int64)[encoded.indices.to_numpy()]


class PredictorCounts:
    """What one answerer's answers come to, by clip.

    Attributes:
      not_finite: rows that were answered with NaN or infinity.
      bins: float64[MOST_UNITS, BINS, 3], see ``calibration``.
    """

    def __init__(self, moods: int) -> None:
        self._moods = moods
        self._cells: list[tuple[Ints, Ints]] = []
        self._waiting = 0
        self._sums = np.zeros((0, moods + 1))
        self.not_finite = 0
        self.bins: calibration.Bins = np.zeros((MAX_RESAMPLING_UNITS, calibration.BINS, 3))

    def add(
        self,
        memberships: Sequence[Ints],
        clips: Ints,
        truth: Ints,
        answer: Ints,
        probabilities: Floats,
        known_clips: int,
    ) -> None:
        """Adds rows.

        Args:
          memberships: int64[n] each, numbers of slices that the rows are in; -1 is none.
          clips: int64[n], numbers of clips.
          truth: int64[n], indices of moods.
          answer: int64[n], of ``table.predicted_index``.
          probabilities: float64[n, k].
          known_clips: number of clips so far.
        """
        sound = answer < self._moods
        self.not_finite += int((~sound).sum())
        self._sums = with_rows(self._sums, known_clips)
        rows = np.concatenate([probabilities, np.ones((len(clips), 1))], axis=1)
        np.add.at(self._sums, clips[sound], rows[sound])
        add_to_bins(self.bins, clips % MAX_RESAMPLING_UNITS, truth, answer, probabilities)
        for member in memberships:
            inside = member >= 0
            cell = (member[inside] * _CLIP_LIMIT + clips[inside]) * self._moods + truth[inside]
            cell = cell * (self._moods + 1) + answer[inside]
            self._cells.append(np.unique(cell, return_counts=True))
            self._waiting += len(self._cells[-1][0])
        if self._waiting > _MOST_WAITING:
            self.merge()

    def merge(self) -> None:
        """Adds up counts of the same cell."""
        if not self._cells:
            return
        keys, places = np.unique(
            np.concatenate([key for key, _ in self._cells]), return_inverse=True
        )
        counts = np.concatenate([count for _, count in self._cells])
        self._cells = [(keys, np.bincount(places, counts).astype(np.int64))]
        self._waiting = 0

    def means(self) -> Floats:
        """Returns float64[clips, k]: mean probabilities over a clip's answered frames, or NaN."""
        count = self._sums[:, -1:]
        means = np.full((len(count), self._moods), np.nan)
        return np.divide(self._sums[:, :-1], count, out=means, where=count > 0)

    def confusions(self, number: int) -> Matrix:
        """Returns float64[MOST_UNITS, k, k + 1] on the rows of a slice, of merged counts."""
        size = self._moods * (self._moods + 1)
        keys, counts = self._slice(number)
        clip, place = np.divmod(keys, size)
        flat = np.bincount(
            clip % MAX_RESAMPLING_UNITS * size + place, counts, MAX_RESAMPLING_UNITS * size
        )
        return flat.astype(np.float64).reshape(MAX_RESAMPLING_UNITS, self._moods, self._moods + 1)

    def clips_of(self, number: int) -> int:
        """Returns the number of clips that have rows in a slice."""
        keys, _ = self._slice(number)
        return len(np.unique(keys // (self._moods * (self._moods + 1))))

    def _slice(self, number: int) -> tuple[Ints, Ints]:
        """Returns a slice's merged cells, counted from the slice's beginning, and their counts."""
        size = _CLIP_LIMIT * self._moods * (self._moods + 1)
        ((keys, counts),) = self._cells
        begin, end = np.searchsorted(keys, [number * size, (number + 1) * size])
        return keys[begin:end] - number * size, counts[begin:end]


def add_to_bins(
    bins: calibration.Bins, resampling_units: Ints, truth: Ints, answer: Ints, probabilities: Floats
) -> None:
    """Adds rows that were answered to their units' bins, see ``PredictorCounts.add``."""
    sound = answer < probabilities.shape[1]
    confidence = probabilities[sound].max(axis=1)
    told = np.stack([np.ones(len(confidence)), confidence, answer[sound] == truth[sound]], axis=-1)
    np.add.at(bins, (resampling_units[sound], calibration.bin_of(confidence)), told)


def with_rows(array: Floats, rows: int) -> Floats:
    """Returns the array with zeros added until it has so many rows."""
    more = np.zeros((rows - len(array), *array.shape[1:]))
    return np.concatenate([array, more]) if len(more) else array
