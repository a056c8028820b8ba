"""Tables of predictions whose scores are known by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from components.evaluator import predictions_table, slices
from components.evaluator.confusion_counts import ConfusionCounts

MOODS = ("a", "b", "c")


class Row(NamedTuple):
    """A row's clip, mood, the model's answer and its probability; the others share the rest."""

    clip: str
    mood: str
    answer: str
    probability: float
    species: str | None = "CAT"

    def probabilities(self) -> list[float]:
        """Returns the probability of each mood."""
        rest = (1 - self.probability) / (len(MOODS) - 1)
        return [self.probability if mood == self.answer else rest for mood in MOODS]


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
"""Truth a: 6 rows, 4 right, 1 called b, 1 called c. b: 4 rows, 2 right, 2 called a. c: 2 rows,
1 right, 1 called a."""


def clips_of(mood: str, number: int, right: int, wrong: str, p: float = 0.8) -> list[Row]:
    """Returns ``number`` clips of four frames, ``right`` of them answered right."""
    return [
        Row(f"{mood}-{clip}", mood, mood if frame < right else wrong, p, ("CAT", "DOG")[clip % 2])
        for clip in range(number)
        for frame in range(4)
    ]


def facts_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Returns the columns that are known before anybody is asked; areas and greys differ."""
    areas = [0.01 + 0.06 * (line % 10) for line in range(len(rows))]
    greys = [0.1 + 0.08 * (line % 10) for line in range(len(rows))]
    return {
        predictions_table.LINE: list(range(2, 2 + len(rows))),
        predictions_table.PATH: [f"{row.clip}/{line}.jpg" for line, row in enumerate(rows)],
        predictions_table.CLIP: [row.clip for row in rows],
        predictions_table.GROUP: [None] * len(rows),
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
        predictions_table.JUDGED: [True] * len(rows),
    }


def probabilities_of(rows: Sequence[Row]) -> npt.NDArray[np.float32]:
    """Returns float32[n, 3]."""
    return np.array([row.probabilities() for row in rows], np.float32)


def majority_of(rows: Sequence[Row]) -> int:
    """Returns the commonest mood's index."""
    moods = [row.mood for row in rows]
    return max(range(len(MOODS)), key=lambda index: moods.count(MOODS[index]))


def tally_of(
    folder: Path, rows: Sequence[Row], others: Mapping[str, Sequence[Row]] | None = None
) -> ConfusionCounts:
    """Writes the table of a model's rows, and of others' answers to them, and counts it."""
    answers = {predictions_table.MODEL: rows, **(others or {})}
    path = str(folder / "predictions.parquet")
    with predictions_table.Writer(
        path, MOODS, majority_of(rows), list(answers), len(rows)
    ) as writer:
        writer.add(facts_of(rows), {name: probabilities_of(one) for name, one in answers.items()})
    return ConfusionCounts(predictions_table.Table(path))
