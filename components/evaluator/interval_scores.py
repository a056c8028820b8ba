"""Scores of confusion matrices with their intervals."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from components.evaluator import calibration
from components.evaluator.intervals import exact_interval, interval_of
from components.evaluator.settings import EvaluateSettings
from dataset import resampling, scores
from dataset.resampling import Array
from schemas.documents.evaluation import (
    HEADLINE,
    HeadlineScores,
    MoodScores,
    PredictorScores,
    Scores,
)
from schemas.documents.intervals import Interval

_PER_MOOD = ("precision", "recall", "f1")


class ScoresWithMoods(NamedTuple):
    """Scores of a predictor over all moods, and by mood."""

    scores: Scores
    per_mood: dict[str, MoodScores]

    def with_moods(self) -> PredictorScores:
        """Returns both in one document."""
        return {**self.scores, "per_mood": self.per_mood}


def headline_scores(matrices: Array) -> HeadlineScores:
    """Returns the scores of the sum of the matrices, float64[units, k, k + 1]."""
    accuracy, balanced_accuracy, macro_f1 = scores.headline(matrices.sum(axis=0)).tolist()
    return {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1}


def scores_with_moods(
    parts: Sequence[Array], mood_names: Sequence[str], settings: EvaluateSettings
) -> ScoresWithMoods:
    """Returns all scores, with their intervals.

    Args:
      parts: confusion matrices float64[units, k, k + 1] and, where there are probabilities, bins
        float64[units, BINS, 3].
      mood_names: in index order.
      settings: of the resampling.
    """
    values = _all_scores(*(part.sum(axis=0) for part in parts)).tolist()
    intervals = score_intervals(parts, _drawn_scores, settings) or [None] * len(values)
    has_bins = len(parts) > 1
    matrices = parts[0]
    of_mood = _units_of_moods(matrices)
    predicting = (matrices[:, :, :-1].sum(axis=1) > 0).sum(axis=0).tolist()
    all_moods: Scores = {
        **headline_scores(matrices),
        "ece": values[-1] if has_bins else None,
        "intervals": {
            **headline_intervals(matrices, intervals[:3]),
            "ece": intervals[-1] if has_bins else None,
        },
    }

    support = matrices.sum(axis=(0, 2))
    per_mood: dict[str, MoodScores] = {}
    for index, mood in enumerate(mood_names):
        positions = [3 + kind * len(mood_names) + index for kind in range(len(_PER_MOOD))]
        precision, recall, f1 = (values[position] for position in positions)
        mood_units = [predicting[index] if support[index] else 0, of_mood[index], of_mood[index]]
        mood_intervals = [
            exact_interval(values[position], intervals[position], [count])
            for position, count in zip(positions, mood_units, strict=True)
        ]
        per_mood[mood] = {
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "support": int(support[index]),
            "intervals": dict(zip(_PER_MOOD, mood_intervals, strict=True)),
        }
    return ScoresWithMoods(all_moods, per_mood)


def _all_scores(confusion: Array, bins: Array | None = None) -> Array:
    """Returns float64[..., 3 + 3 k] or one more: headline, per mood, calibration error."""
    parts = [
        scores.headline(confusion),
        scores.precisions(confusion),
        scores.recalls(confusion),
        scores.f1s(confusion),
    ]
    if bins is not None:
        parts.append(calibration.error(bins)[..., None])
    return np.concatenate(parts, axis=-1)


def _drawn_scores(confusion: Array, bins: Array | None = None) -> Array:
    """Returns ``_all_scores`` of draws, with NaN where a draw lacks the mood, or any row."""
    num_classes = confusion.shape[-2]
    values = _all_scores(confusion, bins)
    by_mood = values[..., 3 : 3 + 3 * num_classes].reshape(*values.shape[:-1], 3, num_classes)
    present = scores.where_present(by_mood, confusion[..., None, :, :])
    present = present.reshape(*values.shape[:-1], -1)
    together = np.concatenate([values[..., :3], values[..., 3 + 3 * num_classes :]], axis=-1)
    together = scores.where_any(together, confusion[..., None, :, :])
    return np.concatenate([together[..., :3], present, together[..., 3:]], axis=-1)


def score_intervals(
    parts: Sequence[Array], score: Callable[..., Array], settings: EvaluateSettings
) -> list[Interval]:
    """Returns [low, high] of each score; [] where there are fewer than two units to draw from."""
    if len(parts[0]) < 2:
        return []
    ends = resampling.interval(
        resampling.resampled(parts, score, settings.resamples, settings.seed)
    )
    return [interval_of(low, high) for low, high in ends.T.tolist()]


def headline_intervals(matrices: Array, intervals: Sequence[Interval]) -> dict[str, Interval]:
    """Returns the intervals of the headline's scores, exact ones at 0 and 1."""
    units = {"accuracy": [int(matrices.any(axis=(1, 2)).sum())]}
    values = scores.headline(matrices.sum(axis=0)).tolist()
    return {
        name: exact_interval(value, ends, units.get(name, _units_of_moods(matrices)))
        for name, value, ends in zip(HEADLINE, values, intervals, strict=True)
    }


def _units_of_moods(matrices: Array) -> list[int]:
    """Returns the number of units that have rows of each mood."""
    counts: list[int] = (matrices.sum(axis=2) > 0).sum(axis=0).tolist()
    return counts
