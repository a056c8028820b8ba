"""By how much a model is better than another on the same rows, and how sure that is.

Both are scored on the same draws of clips: what makes a draw hard makes it hard for both, and
the interval of the difference is narrower than those of the scores.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from components.evaluator import predictions_table, scores
from components.evaluator.confusion_counts import WHOLE, ConfusionCounts, Slice
from components.evaluator.resampling import TAIL, Array, interval, resampled
from components.evaluator.settings import EvaluateSettings


class Difference(NamedTuple):
    """The model's score less the other's.

    Attributes:
      name: of what was compared: a mood or a species; "" for everything.
      score: the model's, [0, 1].
      other: the other's, [0, 1].
      low, high: ends of the interval of ``score - other``; nan where there are no two clips.
    """

    name: str
    score: float
    other: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The difference."""
        return self.score - self.other


def overall(counts: ConfusionCounts, other: str, settings: EvaluateSettings) -> Difference:
    """Returns the difference in macro-F1, with its 95 % interval."""
    return _differences(counts, other, WHOLE, scores.macro_f1, [""], settings, tests=1)[0]


def by_mood_and_species(
    counts: ConfusionCounts, other: str, settings: EvaluateSettings
) -> tuple[list[Difference], list[Difference]]:
    """Returns the differences in F1 of each mood shown, and in macro-F1 on each species.

    The intervals hold for all of them together with at least 95 %, by Bonferroni's correction:
    of eight equal pairs one would be found worse in every sixth run else. A mood or species of
    fewer than about six clips cannot be found worse: it is missing from too many draws, which
    tell of no difference.
    """
    present = counts.labels.any(axis=0)
    species = [key for key in counts.slices if key[0][0] == predictions_table.SPECIES]
    tests = int(present.sum()) + len(species)
    moods = _differences(counts, other, WHOLE, scores.f1s, counts.moods, settings, tests)
    return [one for one, has_rows in zip(moods, present, strict=True) if has_rows], [
        _differences(counts, other, key, scores.macro_f1, [key[0][1]], settings, tests)[0]
        for key in species
    ]


def _differences(
    counts: ConfusionCounts,
    other: str,
    key: Slice,
    score: Callable[[Array], Array],
    names: list[str] | tuple[str, ...],
    settings: EvaluateSettings,
    tests: int,
) -> list[Difference]:
    # All clips, also those that are not of the slice: see by_mood_and_species.
    parts = [counts.confusions(predictor, key) for predictor in (predictions_table.MODEL, other)]
    points = [np.atleast_1d(score(part.sum(axis=0))).tolist() for part in parts]
    ends = np.full((2, len(names)), np.nan)
    if counts.clips > 1:
        draws = resampled(
            parts, lambda a, b: score(a) - score(b), settings.resamples, settings.seed
        )
        ends = interval(draws, TAIL / tests).reshape(2, -1)
    return [
        Difference(*told)
        for told in zip(names, *points, ends[0].tolist(), ends[1].tolist(), strict=True)
    ]
