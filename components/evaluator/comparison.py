"""Differences between two models' scores on the same rows, with their intervals.

Both models are scored on the same draws of animals or clips. Clips that are hard for one model are
hard for the other, so the interval of the difference is narrower than those of the scores. Rows
whose clip or animal the other model was trained on are left out for both.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from components.evaluator import predictions_table
from components.evaluator.confusion_counts import ALL_ROWS, ConfusionCounts, SliceKey
from components.evaluator.settings import EvaluateSettings
from dataset import scores
from dataset.resampling import TAIL, Array, interval, least_units, resampled


class Difference(NamedTuple):
    """The model's score less that of another predictor.

    Attributes:
      name: of the compared mood or species; "" for all rows.
      score: of the model, [0, 1].
      other_score: of the other predictor, [0, 1].
      low: lower end of the interval of ``score - other_score``; NaN where there are fewer than
        two resampling units.
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
    """Returns the difference in macro-F1 on the rows that both can be scored on, with 95 %."""
    return _differences(counts, other, ALL_ROWS, _macro_f1, [""], settings, num_tests=1)[0]


def differences_by_mood_and_species(
    counts: ConfusionCounts, other: str, settings: EvaluateSettings
) -> tuple[list[Difference], list[Difference]]:
    """Returns the differences in F1 of each mood that has rows, and in macro-F1 on each species.

    The intervals hold for all of them together with at least 95 %, by Bonferroni's correction:
    without it, one of eight equal pairs would be found worse in every sixth run. Moods and species
    of fewer units than ``resampling.least_units`` are left out: a few draws of one or two clips
    would pass for certainty.
    """
    model, _ = counts.pair(other)
    units_of_mood = (model.sum(axis=2) > 0).sum(axis=0)
    species = {
        key: int((counts.pair(other, key)[0].sum(axis=(1, 2)) > 0).sum())
        for key in counts.slices
        if key[0][0] == predictions_table.SPECIES
    }
    num_tests = int((units_of_mood > 0).sum()) + sum(count > 0 for count in species.values())
    least = least_units(num_tests)
    by_mood = _differences(counts, other, ALL_ROWS, _f1s, counts.mood_names, settings, num_tests)
    by_species = [
        _differences(counts, other, key, _macro_f1, [key[0][1]], settings, num_tests)[0]
        for key, count in species.items()
        if count >= least
    ]
    return [
        difference
        for difference, count in zip(by_mood, units_of_mood, strict=True)
        if count >= least
    ], by_species


def _macro_f1(confusion: Array) -> Array:
    return scores.where_any(scores.macro_f1(confusion), confusion)


def _f1s(confusion: Array) -> Array:
    return scores.where_present(scores.f1s(confusion), confusion)


def _differences(
    counts: ConfusionCounts,
    other: str,
    slice_key: SliceKey,
    score: Callable[[Array], Array],
    names: Sequence[str],
    settings: EvaluateSettings,
    num_tests: int,
) -> list[Difference]:
    matrices = counts.pair(other, slice_key)
    values, other_values = (np.atleast_1d(score(part.sum(axis=0))).tolist() for part in matrices)
    ends = np.full((2, len(names)), np.nan)
    if (matrices[0].sum(axis=(1, 2)) > 0).sum() > 1:
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
