"""Which predictions the page shows: of each mood the surest right and wrong ones, and unsure ones.

The number of pictures, and with it the size of the page, does not grow with the moods.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.evaluator import predictions_table
from components.evaluator.predictions_table import MODEL, probabilities_of
from system.arrow import pa
from system.parquet import read_batches

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
"""Kinds of galleries."""
MAX_PICTURES = 48
"""Most pictures of all moods together: with its heat map each takes some 15 kB of the page."""
_MOST_A_GALLERY = 4
_UNSURE_PICTURES = 6
_COLUMNS = [
    predictions_table.PATH,
    predictions_table.CLIP,
    predictions_table.LABEL_INDEX,
    predictions_table.probabilities_column(MODEL),
]


@dataclass(frozen=True)
class Prediction:
    """The model's prediction for one row of the eval split.

    Attributes:
      row: index of the row in the table of predictions.
      image: path as the CSV has it.
      label: the true mood.
      predicted: the likeliest mood.
      probability: of the likeliest mood, in [0, 1].
      label_probability: of the true mood, in [0, 1].
    """

    row: int
    image: str
    label: str
    predicted: str
    probability: float
    label_probability: float


@dataclass(frozen=True)
class Gallery:
    """Predictions of one kind, the best first.

    Attributes:
      kind: ``RIGHT``, ``WRONG`` or ``UNSURE``.
      mood: the true mood; "" for ``UNSURE``, which has all moods.
      predictions: at most one a clip, because the frames of a clip look alike.
    """

    kind: str
    mood: str
    predictions: list[Prediction]


class _TopPredictions:
    """The few predictions with the highest ranks, at most one of each clip."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_clip: dict[str, tuple[float, Prediction]] = {}

    @property
    def lowest(self) -> float:
        """The rank that a prediction must exceed to be kept."""
        if len(self._by_clip) < self._most:
            return -np.inf
        return min(rank for rank, _ in self._by_clip.values())

    def offer(self, rank: float, clip: str, prediction: Prediction) -> None:
        """Keeps the prediction if its rank is among the highest so far."""
        kept = self._by_clip.get(clip)
        if kept and kept[0] >= rank:
            return
        self._by_clip[clip] = (rank, prediction)
        if len(self._by_clip) > self._most:
            del self._by_clip[min(self._by_clip, key=lambda name: self._by_clip[name][0])]

    def predictions(self) -> list[Prediction]:
        """Returns the predictions, the highest rank first."""
        ranked = heapq.nlargest(self._most, self._by_clip.values(), key=lambda each: each[0])
        return [prediction for _, prediction in ranked]


def select_predictions(predictions_parquet: Path, mood_names: Sequence[str]) -> list[Gallery]:
    """Reads the table of predictions once and returns the galleries.

    Args:
      predictions_parquet: ``PREDICTIONS_PARQUET``.
      mood_names: in index order.

    Returns:
      A right and a wrong gallery of each mood, and an unsure one. Where the moods are too many for
      ``MAX_PICTURES``, those with the most wrong predictions. Predictions with a probability that
      is NaN or infinite are left out.
    """
    num_moods = len(mood_names)
    most = max(1, min(_MOST_A_GALLERY, MAX_PICTURES // (2 * num_moods)))
    unsure = _TopPredictions(_UNSURE_PICTURES)
    by_mood = {kind: [_TopPredictions(most) for _ in mood_names] for kind in (RIGHT, WRONG)}
    wrong_rows = np.zeros(num_moods, int)
    first_row = 0
    for batch in read_batches(str(predictions_parquet), _COLUMNS, predictions_table.ROW_GROUP):
        rows = _Rows(batch, first_row, mood_names)
        rows.offer(unsure, rows.finite, -rows.confidences)
        for index in np.unique(rows.labels[rows.finite]).tolist():
            of_mood = rows.finite & (rows.labels == index)
            wrong_rows[index] += int((of_mood & ~rows.is_right).sum())
            rows.offer(by_mood[RIGHT][index], of_mood & rows.is_right, rows.confidences)
            rows.offer(by_mood[WRONG][index], of_mood & ~rows.is_right, rows.confidences)
        first_row += len(batch)

    shown = sorted(range(num_moods), key=lambda index: -wrong_rows[index])
    shown = sorted(shown[: MAX_PICTURES // (2 * most)])
    return [
        *(
            Gallery(kind, mood_names[index], by_mood[kind][index].predictions())
            for index in shown
            for kind in (WRONG, RIGHT)
        ),
        Gallery(UNSURE, "", unsure.predictions()),
    ]


class _Rows:
    """Rows of the table, and which of them are worth a look."""

    def __init__(self, batch: pa.RecordBatch, first_row: int, mood_names: Sequence[str]) -> None:
        self._batch, self._first_row, self._mood_names = batch, first_row, mood_names
        self._probabilities = probabilities_of(batch, MODEL)
        self.labels: npt.NDArray[np.int64] = batch.column(predictions_table.LABEL_INDEX).to_numpy()
        self.finite = np.isfinite(self._probabilities).all(axis=1)
        probabilities = np.where(self.finite[:, None], self._probabilities, 0)
        self._predicted = probabilities.argmax(axis=1)
        self.confidences = probabilities.max(axis=1)
        self.is_right = self._predicted == self.labels

    def offer(
        self, top: _TopPredictions, mask: npt.NDArray[np.bool_], ranks: npt.NDArray[np.float64]
    ) -> None:
        """Offers the rows of a mask whose ranks are high enough."""
        for i, prediction in self._predictions(np.flatnonzero(mask & (ranks > top.lowest))):
            clip = self._batch.column(predictions_table.CLIP)[i].as_py()
            top.offer(float(ranks[i]), clip, prediction)

    def _predictions(self, rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, Prediction]]:
        images = self._batch.column(predictions_table.PATH)
        for i in rows.tolist():
            label, predicted = int(self.labels[i]), int(self._predicted[i])
            yield (
                i,
                Prediction(
                    row=self._first_row + i,
                    image=images[i].as_py(),
                    label=self._mood_names[label],
                    predicted=self._mood_names[predicted],
                    probability=float(self._probabilities[i, predicted]),
                    label_probability=float(self._probabilities[i, label]),
                ),
            )
