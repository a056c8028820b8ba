"""Scores and their intervals, as ``schemas.documents.evaluation.Measures``."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from components.evaluator import calibration, certainty, comparison, predictions_table
from components.evaluator.confusion_counts import ConfusionCounts, SliceKey
from components.evaluator.intervals import exact_interval, interval_of
from components.evaluator.settings import EvaluateSettings
from dataset import resampling, scores
from dataset.resampling import Array
from schemas.documents.evaluation import (
    HEADLINE,
    ClipScores,
    Gain,
    HeadlineScores,
    Interval,
    Measures,
    MoodScores,
    PredictorScores,
    Scores,
    SliceHeadline,
    SliceScores,
)

_PER_MOOD = ("precision", "recall", "f1")


def measure(
    counts: ConfusionCounts,
    settings: EvaluateSettings,
    fitted: certainty.Fitted = certainty.NOT_FITTED,
) -> Measures:
    """Returns ``METRICS_JSON`` without the verdict.

    Args:
      counts: of all predictors.
      settings: of the intervals.
      fitted: what the servable says of its calibration.
    """
    others = [
        name
        for name in (predictions_table.BASELINE, predictions_table.COMPARED)
        if name in counts.predictors and counts.rows_of(name)
    ]
    model = _frame_scores(counts, predictions_table.MODEL, settings)
    majority = _frame_scores(counts, predictions_table.MAJORITY, settings)
    other_scores = {name: _frame_scores(counts, name, settings).with_moods() for name in others}
    return {
        "rows": counts.rows,
        "clips": counts.clips,
        "moods": list(counts.mood_names),
        "resampling": {
            "of": counts.unit,
            "units": counts.resampling_units,
            "level": 0.95,
            "draws": settings.resamples,
        },
        "model": {
            **model.scores,
            "unanswered": counts.predictors[predictions_table.MODEL].non_finite_rows,
        },
        "majority": {"mood": counts.mood_names[counts.majority_index], **majority.with_moods()},
        "baseline": other_scores.get(predictions_table.BASELINE),
        "compared": other_scores.get(predictions_table.COMPARED),
        "gain": {
            name: _gain(counts, name, settings) for name in (predictions_table.MAJORITY, *others)
        },
        "per_mood": model.per_mood,
        "confusion": _confusion(counts.confusion_matrices(predictions_table.MODEL)),
        "reliability": calibration.reliability(counts.bins(predictions_table.MODEL).sum(axis=0)),
        "calibration": certainty.calibration_document(counts.certainty, counts.mood_names, fitted),
        "risk_coverage": counts.certainty.risk_coverage(),
        "unsure": certainty.unsure(counts.certainty, counts.resampling_units, settings),
        "per_clip": {
            name: _clip_scores(counts, name, settings)
            for name in (predictions_table.MODEL, predictions_table.MAJORITY, *others)
        },
        "slices": {
            slice_name(key): _slice_scores(counts, key, others, settings) for key in counts.slices
        },
    }


def slice_name(key: SliceKey) -> str:
    """Returns a slice's name, such as "species=CAT"."""
    return ",".join(f"{column}={value}" for column, value in key)


class _Measured(NamedTuple):
    """Scores of a predictor over all moods, and by mood."""

    scores: Scores
    per_mood: dict[str, MoodScores]

    def with_moods(self) -> PredictorScores:
        """Returns both in one document."""
        return {**self.scores, "per_mood": self.per_mood}


def _frame_scores(counts: ConfusionCounts, predictor: str, settings: EvaluateSettings) -> _Measured:
    parts = [counts.confusion_matrices(predictor)]
    if predictor != predictions_table.MAJORITY:  # It has no probabilities.
        parts.append(counts.bins(predictor))
    return _measured(parts, counts.mood_names, settings)


def _clip_scores(counts: ConfusionCounts, predictor: str, settings: EvaluateSettings) -> ClipScores:
    matrices, bins = counts.clip_level(predictor)
    has_probabilities = predictor != predictions_table.MAJORITY
    parts = [matrices, bins] if has_probabilities else [matrices]
    measured = _measured(parts, counts.mood_names, settings)
    clip_scores: ClipScores = {
        "accuracy": measured.scores["accuracy"],
        "balanced_accuracy": measured.scores["balanced_accuracy"],
        "macro_f1": measured.scores["macro_f1"],
        "ece": measured.scores["ece"],
        "intervals": measured.scores["intervals"],
        "per_mood": measured.per_mood,
    }
    if has_probabilities:
        clip_scores["confusion"] = _confusion(matrices)
        clip_scores["reliability"] = calibration.reliability(bins.sum(axis=0))
    return clip_scores


def _slice_scores(
    counts: ConfusionCounts, key: SliceKey, others: Sequence[str], settings: EvaluateSettings
) -> SliceScores:
    matrices = counts.confusion_matrices(predictions_table.MODEL, key)
    # Only the clips that have rows in the slice are drawn.
    matrices = matrices[matrices.any(axis=(1, 2))]
    intervals = _intervals([matrices], scores.headline, settings)
    headline = _slice_headline(matrices)
    slice_scores: SliceScores = {
        "rows": int(matrices.sum()),
        "clips": counts.clips_of(key),
        "accuracy": headline["accuracy"],
        "balanced_accuracy": headline["balanced_accuracy"],
        "macro_f1": headline["macro_f1"],
        "intervals": None,
    }
    if intervals:
        undefined = {name for name, value in headline.items() if value is None}
        slice_scores["intervals"] = {
            name: None if name in undefined else ends
            for name, ends in _headline_intervals(matrices, intervals).items()
        }
    if predictions_table.BASELINE in others:
        baseline = counts.confusion_matrices(predictions_table.BASELINE, key)
        slice_scores["baseline"] = _slice_headline(baseline)
    if predictions_table.COMPARED in others:
        compared = counts.confusion_matrices(predictions_table.COMPARED, key)
        slice_scores["compared"] = _slice_headline(compared)
    return slice_scores


def _gain(counts: ConfusionCounts, other: str, settings: EvaluateSettings) -> Gain:
    difference = comparison.macro_f1_difference(counts, other, settings)
    return {
        "macro_f1": difference.value,
        "interval": interval_of(difference.low, difference.high),
        "rows": counts.rows_of(other),
    }


def _headline(matrices: Array) -> HeadlineScores:
    accuracy, balanced_accuracy, macro_f1 = scores.headline(matrices.sum(axis=0)).tolist()
    return {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1}


def _slice_headline(matrices: Array) -> SliceHeadline:
    """Returns the scores of a slice's rows; means over moods need rows of two moods."""
    headline = _headline(matrices)
    if (matrices.sum(axis=(0, 2)) > 0).sum() > 1:
        return {**headline}
    accuracy = headline["accuracy"] if matrices.any() else None
    return {"accuracy": accuracy, "balanced_accuracy": None, "macro_f1": None}


def _confusion(matrices: Array) -> list[list[int]]:
    """Returns the sum of the matrices, without the column of rows that have no prediction."""
    confusion: list[list[int]] = matrices.sum(axis=0)[:, :-1].astype(int).tolist()
    return confusion


def _measured(
    parts: Sequence[Array], mood_names: Sequence[str], settings: EvaluateSettings
) -> _Measured:
    """Returns all scores, with their intervals.

    Args:
      parts: confusion matrices float64[units, k, k + 1] and, where there are probabilities, bins
        float64[units, BINS, 3].
      mood_names: in index order.
      settings: of the resampling.
    """
    values = _all_scores(*(part.sum(axis=0) for part in parts)).tolist()
    intervals = _intervals(parts, _drawn_scores, settings) or [None] * len(values)
    has_bins = len(parts) > 1
    matrices = parts[0]
    of_mood = _units_of_moods(matrices)
    predicting = (matrices[:, :, :-1].sum(axis=1) > 0).sum(axis=0).tolist()
    all_moods: Scores = {
        **_headline(matrices),
        "ece": values[-1] if has_bins else None,
        "intervals": {
            **_headline_intervals(matrices, intervals[:3]),
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
    return _Measured(all_moods, per_mood)


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


def _intervals(
    parts: Sequence[Array], score: Callable[..., Array], settings: EvaluateSettings
) -> list[Interval]:
    """Returns [low, high] of each score; [] where there are fewer than two units to draw from."""
    if len(parts[0]) < 2:
        return []
    ends = resampling.interval(
        resampling.resampled(parts, score, settings.resamples, settings.seed)
    )
    return [interval_of(low, high) for low, high in ends.T.tolist()]


def _headline_intervals(matrices: Array, intervals: Sequence[Interval]) -> dict[str, Interval]:
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
