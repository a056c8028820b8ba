"""Prediction tables whose scores were computed by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from components.evaluator import predictions_table, slices
from components.evaluator.confusion_counts import ConfusionCounts

MOODS = ("a", "b", "c")


class Row(NamedTuple):
    """A row of the table.

    Attributes:
      clip: name of its clip.
      mood: its true mood.
      predicted: the model's prediction.
      probability: of the prediction; the other moods share the rest equally.
      species: None where it is unknown.
      group: the animal; None where it is unknown.
    """

    clip: str
    mood: str
    predicted: str
    probability: float
    species: str | None = "CAT"
    group: str | None = None

    def probabilities(self) -> list[float]:
        """Returns the probability of each mood."""
        rest = (1 - self.probability) / (len(MOODS) - 1)
        return [self.probability if mood == self.predicted else rest for mood in MOODS]


A, B, C = "cat-arch-000001", "dog-bodylower-000002", "C"
TWELVE = (
    Row(A, "a", "a", 0.9),
    Row(A, "a", "a", 0.9),
    Row(A, "a", "a", 0.9),
    Row(A, "a", "b", 0.5),
    Row(B, "b", "b", 0.7, "DOG"),
    Row(B, "b", "b", 0.5, "DOG"),
    Row(B, "b", "a", 0.9, "DOG"),
    Row(B, "b", "a", 0.5, "DOG"),
    Row(C, "a", "a", 0.7, None),
    Row(C, "a", "c", 0.5, None),
    Row(C, "c", "c", 0.5, None),
    Row(C, "c", "a", 0.7, None),
)
"""True mood a: 6 rows, 4 of them predicted as a, 1 as b, 1 as c. b: 4 rows, 2 as b, 2 as a.
c: 2 rows, 1 as c, 1 as a."""


def clips_of(mood: str, number: int, correct: int, wrong: str, p: float = 0.8) -> list[Row]:
    """Returns ``number`` clips of four frames, ``correct`` of which are predicted correctly.

    Args:
      mood: the true mood of all frames.
      number: of clips.
      correct: number of correct frames of each clip.
      wrong: the prediction for the other frames.
      p: probability of each prediction.
    """
    return [
        Row(f"{mood}-{clip}", mood, mood if frame < correct else wrong, p, ("CAT", "DOG")[clip % 2])
        for clip in range(number)
        for frame in range(4)
    ]


def row_columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Returns the columns of ``predictions_table.ROW_COLUMNS``; areas and grey levels differ."""
    areas = [0.01 + 0.06 * (line % 10) for line in range(len(rows))]
    greys = [0.1 + 0.08 * (line % 10) for line in range(len(rows))]
    return {
        predictions_table.LINE: list(range(2, 2 + len(rows))),
        predictions_table.PATH: [f"{row.clip}/{line}.jpg" for line, row in enumerate(rows)],
        predictions_table.CLIP: [row.clip for row in rows],
        predictions_table.GROUP: [row.group for row in rows],
        predictions_table.SPECIES: [row.species for row in rows],
        predictions_table.ACTION: [slices.action_of(row.clip) for row in rows],
        predictions_table.BOX_AREA: areas,
        predictions_table.BOX_SIZE: [slices.band(area, slices.BOX_SIZES) for area in areas],
        predictions_table.BRIGHTNESS: greys,
        predictions_table.BRIGHTNESS_BAND: [
            slices.band(grey, slices.BRIGHTNESSES) for grey in greys
        ],
        predictions_table.SHARPNESS: [100.0] * len(rows),
        predictions_table.CONTRAST: [0.2] * len(rows),
        predictions_table.LABEL: [row.mood for row in rows],
        predictions_table.LABEL_INDEX: [MOODS.index(row.mood) for row in rows],
        predictions_table.SCORED: [True] * len(rows),
    }


def probabilities_of(rows: Sequence[Row]) -> npt.NDArray[np.float32]:
    """Returns float32[n, 3]."""
    return np.array([row.probabilities() for row in rows], np.float32)


def majority_index_of(rows: Sequence[Row]) -> int:
    """Returns the commonest mood's index."""
    moods = [row.mood for row in rows]
    return max(range(len(MOODS)), key=lambda index: moods.count(MOODS[index]))


def confusion_counts_of(
    folder: Path,
    rows: Sequence[Row],
    others: Mapping[str, Sequence[Row]] | None = None,
    trained_on: Mapping[str, Sequence[bool]] | None = None,
) -> ConfusionCounts:
    """Writes a predictions table and returns its counts.

    Args:
      folder: where the table is written.
      rows: with the model's predictions.
      others: the same rows with the predictions of other predictors, by predictor.
      trained_on: by predictor, whether it was trained on each row's clip or animal.
    """
    rows_by_predictor = {predictions_table.MODEL: rows, **(others or {})}
    path = str(folder / "predictions.parquet")
    with predictions_table.Writer(
        path, MOODS, majority_index_of(rows), list(rows_by_predictor), len(rows)
    ) as writer:
        writer.add(
            row_columns_of(rows),
            {name: probabilities_of(other) for name, other in rows_by_predictor.items()},
            trained_on,
        )
    return ConfusionCounts(predictions_table.Table(path))
