"""Differences between two models' scores on the same rows, with their intervals.

Both models are scored on the same draws of clips. Clips that are hard for one model are hard for
the other, so the interval of the difference is narrower than those of the scores.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from components.evaluator import predictions_table, scores
from components.evaluator.confusion_counts import ALL_ROWS, ConfusionCounts, SliceKey
from components.evaluator.resampling import TAIL, Array, interval, resampled
from components.evaluator.settings import EvaluateSettings


class Difference(NamedTuple):
    """The model's score less that of another predictor.

    Attributes:
      name: of the compared mood or species; "" for all rows.
      score: of the model, [0, 1].
      other_score: of the other predictor, [0, 1].
      low: lower end of the interval of ``score - other_score``; NaN where there are fewer than
        two clips.
      high: its upper end; likewise.
    """

    name: str
    score: float
    other_score: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The difference."""
        return self.score - self.other_score


def macro_f1_difference(
    counts: ConfusionCounts, other: str, settings: EvaluateSettings
) -> Difference:
    """Returns the difference in macro-F1 on all rows, with its 95 % interval."""
    return _differences(counts, other, ALL_ROWS, scores.macro_f1, [""], settings, num_tests=1)[0]


def differences_by_mood_and_species(
    counts: ConfusionCounts, other: str, settings: EvaluateSettings
) -> tuple[list[Difference], list[Difference]]:
    """Returns the differences in F1 of each mood that has rows, and in macro-F1 on each species.

    The intervals hold for all of them together with at least 95 %, by Bonferroni's correction:
    without it, one of eight equal pairs would be found worse in every sixth run. A mood or
    species of fewer than about six clips cannot be found worse: it is absent from too many draws,
    and such draws show no difference.
    """
    present = counts.label_counts.any(axis=0)
    species = [key for key in counts.slices if key[0][0] == predictions_table.SPECIES]
    num_tests = int(present.sum()) + len(species)
    by_mood = _differences(
        counts, other, ALL_ROWS, scores.f1s, counts.mood_names, settings, num_tests
    )
    by_species = [
        _differences(counts, other, key, scores.macro_f1, [key[0][1]], settings, num_tests)[0]
        for key in species
    ]
    return [
        difference for difference, has_rows in zip(by_mood, present, strict=True) if has_rows
    ], by_species


def _differences(
    counts: ConfusionCounts,
    other: str,
    slice_key: SliceKey,
    score: Callable[[Array], Array],
    names: Sequence[str],
    settings: EvaluateSettings,
    num_tests: int,
) -> list[Difference]:
    # All clips, those outside the slice too: see differences_by_mood_and_species.
    matrices = [
        counts.confusion_matrices(predictor, slice_key)
        for predictor in (predictions_table.MODEL, other)
    ]
    values, other_values = (np.atleast_1d(score(part.sum(axis=0))).tolist() for part in matrices)
    ends = np.full((2, len(names)), np.nan)
    if counts.clips > 1:
        draws = resampled(
            matrices,
            lambda model, other: score(model) - score(other),
            settings.resamples,
            settings.seed,
        )
        ends = interval(draws, TAIL / num_tests).reshape(2, -1)
    low, high = ends.tolist()
    columns = zip(names, values, other_values, low, high, strict=True)
    return [Difference(*column) for column in columns]
