"""Scores and their intervals, as ``schemas.documents.evaluation.Measures``."""

from collections.abc import Sequence

from components.evaluator import calibration, certainty, comparison, predictions_table
from components.evaluator.confusion_counts import ConfusionCounts, SliceKey
from components.evaluator.interval_scores import (
    ScoresWithMoods,
    headline_intervals,
    headline_scores,
    score_intervals,
    scores_with_moods,
)
from components.evaluator.intervals import interval_of
from components.evaluator.settings import EvaluateSettings
from dataset import scores
from dataset.resampling import Array
from schemas.documents.evaluation import (
    ClipScores,
    Measures,
    SliceHeadline,
    SliceScores,
)
from schemas.documents.gate import Gain


def measure(
    counts: ConfusionCounts,
    settings: EvaluateSettings,
    fitted: certainty.FittedCalibration = certainty.NOT_FITTED,
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


def _frame_scores(
    counts: ConfusionCounts, predictor: str, settings: EvaluateSettings
) -> ScoresWithMoods:
    parts = [counts.confusion_matrices(predictor)]
    if predictor != predictions_table.MAJORITY:  # It has no probabilities.
        parts.append(counts.bins(predictor))
    return scores_with_moods(parts, counts.mood_names, settings)


def _clip_scores(counts: ConfusionCounts, predictor: str, settings: EvaluateSettings) -> ClipScores:
    matrices, bins = counts.clip_level(predictor)
    has_probabilities = predictor != predictions_table.MAJORITY
    parts = [matrices, bins] if has_probabilities else [matrices]
    measured = scores_with_moods(parts, counts.mood_names, settings)
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
    intervals = score_intervals([matrices], scores.headline, settings)
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
            for name, ends in headline_intervals(matrices, intervals).items()
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


def _slice_headline(matrices: Array) -> SliceHeadline:
    """Returns the scores of a slice's rows; means over moods need rows of two moods."""
    headline = headline_scores(matrices)
    if (matrices.sum(axis=(0, 2)) > 0).sum() > 1:
        return {**headline}
    accuracy = headline["accuracy"] if matrices.any() else None
    return {"accuracy": accuracy, "balanced_accuracy": None, "macro_f1": None}


def _confusion(matrices: Array) -> list[list[int]]:
    """Returns the sum of the matrices, without the column of rows that have no prediction."""
    confusion: list[list[int]] = matrices.sum(axis=0)[:, :-1].astype(int).tolist()
    return confusion
