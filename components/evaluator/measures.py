"""Scores and their intervals, as ``schemas.artifacts.METRICS_JSON`` has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.evaluator import calibration, comparison, predictions_table, scores
from components.evaluator.confusion_counts import ConfusionCounts, Slice
from components.evaluator.resampling import Array, interval, resampled
from components.evaluator.settings import EvaluateSettings

ECE = "ece"
_PER_MOOD = ("precision", "recall", "f1")


def document(counts: ConfusionCounts, settings: EvaluateSettings) -> dict[str, Any]:
    """Returns all of ``METRICS_JSON`` but the verdict."""
    others = [
        name
        for name in (predictions_table.BASELINE, predictions_table.COMPARED)
        if name in counts.answers
    ]
    model = _of_frames(counts, predictions_table.MODEL, settings)
    per_mood = model.pop("per_mood")
    whole = counts.confusions(predictions_table.MODEL).sum(axis=0)
    return {
        "rows": counts.rows,
        "clips": counts.clips,
        "moods": list(counts.moods),
        "resampling": {"of": "clips", "level": 0.95, "draws": settings.resamples},
        predictions_table.MODEL: model
        | {"unanswered": counts.answers[predictions_table.MODEL].not_finite},
        predictions_table.MAJORITY: {
            "mood": counts.moods[counts.majority],
            **_of_frames(counts, predictions_table.MAJORITY, settings),
        },
        predictions_table.BASELINE: None,
        predictions_table.COMPARED: None,
        **{name: _of_frames(counts, name, settings) for name in others},
        "gain": {
            name: _gain(counts, name, settings) for name in (predictions_table.MAJORITY, *others)
        },
        "per_mood": per_mood,
        "confusion": whole[:, : len(counts.moods)].astype(int).tolist(),
        "reliability": calibration.reliability(counts.bins(predictions_table.MODEL).sum(axis=0)),
        "per_clip": {
            name: _of_clips(counts, name, settings)
            for name in (predictions_table.MODEL, predictions_table.MAJORITY, *others)
        },
        "slices": {
            slice_name(key): _of_slice(counts, key, others, settings) for key in counts.slices
        },
    }


def slice_name(key: Slice) -> str:
    """Returns a slice's name, such as "species=CAT"."""
    return ",".join(f"{column}={value}" for column, value in key)


def _of_frames(
    counts: ConfusionCounts, predictor: str, settings: EvaluateSettings
) -> dict[str, Any]:
    parts = [counts.confusions(predictor)]
    if predictor != predictions_table.MAJORITY:  # Which has no probabilities.
        parts.append(counts.bins(predictor))
    return _measured(parts, counts.moods, settings)


def _gain(counts: ConfusionCounts, other: str, settings: EvaluateSettings) -> dict[str, Any]:
    found = comparison.overall(counts, other, settings)
    ends = [found.low, found.high] if counts.clips > 1 else None
    return {"macro_f1": found.value, "interval": ends}


def _of_clips(
    counts: ConfusionCounts, predictor: str, settings: EvaluateSettings
) -> dict[str, Any]:
    confusions, bins = counts.clip_predictions(predictor)
    if predictor == predictions_table.MAJORITY:
        return _measured([confusions], counts.moods, settings)
    told = _measured([confusions, bins], counts.moods, settings)
    whole = confusions.sum(axis=0)[:, : len(counts.moods)]
    told["confusion"] = whole.astype(int).tolist()
    told["reliability"] = calibration.reliability(bins.sum(axis=0))
    return told


def _of_slice(
    counts: ConfusionCounts, key: Slice, others: Sequence[str], settings: EvaluateSettings
) -> dict[str, Any]:
    confusions = counts.confusions(predictions_table.MODEL, key)
    confusions = confusions[confusions.any(axis=(1, 2))]
    points = scores.headline(confusions.sum(axis=0)).tolist()
    ends = _ends([confusions], scores.headline, settings)
    return {
        "rows": int(confusions.sum()),
        "clips": counts.clips_of(key),
        **dict(zip(scores.HEADLINE, points, strict=True)),
        "intervals": dict(zip(scores.HEADLINE, ends, strict=True)) if ends else None,
        **{
            name: dict(
                zip(
                    scores.HEADLINE,
                    scores.headline(counts.confusions(name, key).sum(axis=0)).tolist(),
                    strict=True,
                )
            )
            for name in others
        },
    }


def _measured(
    parts: Sequence[Array], moods: Sequence[str], settings: EvaluateSettings
) -> dict[str, Any]:
    """Returns all scores of confusion matrices and, where given, bins, both by clip."""
    points = _all_scores(*(part.sum(axis=0) for part in parts)).tolist()
    ends = _ends(parts, _all_scores, settings) or [None] * len(points)
    named = dict(zip(scores.HEADLINE, points[:3], strict=True))
    intervals = dict(zip(scores.HEADLINE, ends[:3], strict=True))
    named[ECE] = intervals[ECE] = None
    if len(parts) > 1:
        named[ECE], intervals[ECE] = points[-1], ends[-1]
    support = parts[0].sum(axis=(0, 2))
    per_mood = {}
    for place, mood in enumerate(moods):
        at = [3 + kind * len(moods) + place for kind in range(len(_PER_MOOD))]
        per_mood[mood] = {
            **{name: points[i] for name, i in zip(_PER_MOOD, at, strict=True)},
            "support": int(support[place]),
            "intervals": {name: ends[i] for name, i in zip(_PER_MOOD, at, strict=True)},
        }
    return {**named, "intervals": intervals, "per_mood": per_mood}


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


def _ends(parts: Sequence[Array], score: Any, settings: EvaluateSettings) -> list[Any]:
    """Returns [low, high] of each score, or none where there are no two clips to draw from."""
    if len(parts[0]) < 2:
        return []
    ends: list[Any] = interval(
        resampled(parts, score, settings.resamples, settings.seed)
    ).T.tolist()
    return ends
