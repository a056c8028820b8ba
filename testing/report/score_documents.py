"""Scores of a small run, for the tests to change."""

from schemas.documents.certainty import ReliabilityBin
from schemas.documents.evaluation import ClipScores, Metrics, MoodScores, PredictorScores
from schemas.documents.intervals import Interval

FEAR, CALM = "공포", "편안/안정"


def predictor_scores(
    accuracy: float, balanced_accuracy: float, macro_f1: float, ece: float | None = None
) -> PredictorScores:
    """Returns scores without intervals, as where there is one clip only."""
    intervals: dict[str, Interval] = dict.fromkeys(
        ("accuracy", "balanced_accuracy", "macro_f1", "ece")
    )
    return {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": macro_f1,
        "ece": ece,
        "intervals": intervals,
        "per_mood": {FEAR: mood_scores(0.5, 0.25, 10), CALM: mood_scores(0.7, 0.8, 30)},
    }


def mood_scores(precision: float, recall: float, support: int) -> MoodScores:
    """Returns a mood's scores without intervals."""
    f1 = 2 * precision * recall / (precision + recall)
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "support": support,
        "intervals": dict.fromkeys(("precision", "recall", "f1")),
    }


def metrics() -> Metrics:
    """Returns ``METRICS_JSON`` of a blessed model; no other model is compared."""
    model = predictor_scores(0.6, 0.45, 0.5, 0.1)
    majority = predictor_scores(0.75, 0.5, 0.43)
    by_clip: ClipScores = {
        "accuracy": majority["accuracy"],
        "balanced_accuracy": majority["balanced_accuracy"],
        "macro_f1": majority["macro_f1"],
        "ece": majority["ece"],
        "intervals": majority["intervals"],
        "per_mood": majority["per_mood"],
    }
    confusion = [[3, 7], [9, 21]]
    reliability: list[ReliabilityBin] = [
        {"low": 0.5, "high": 0.55, "rows": 40, "confidence": 0.53, "accuracy": 0.6}
    ]
    return {
        "rows": 40,
        "clips": 4,
        "moods": [FEAR, CALM],
        "resampling": {"of": "clips", "units": 4, "level": 0.95, "draws": 2000},
        "model": {
            "accuracy": model["accuracy"],
            "balanced_accuracy": model["balanced_accuracy"],
            "macro_f1": model["macro_f1"],
            "ece": model["ece"],
            "intervals": model["intervals"],
            "unanswered": 0,
        },
        "majority": {**majority, "mood": CALM},
        "baseline": None,
        "compared": None,
        "gain": {"majority": {"macro_f1": 0.07, "interval": [0.06, 0.08], "rows": 40}},
        "per_mood": model["per_mood"],
        "confusion": confusion,
        "reliability": reliability,
        "calibration": {
            "temperature": 1.25,
            "fitted_on": "validation",
            "per_mood": {
                FEAR: {"ece": 0.02, "mean_probability": 0.3, "share": 0.25},
                CALM: {"ece": 0.03, "mean_probability": 0.7, "share": 0.75},
            },
        },
        "risk_coverage": [
            {"coverage": 0.5, "risk": 0.25, "threshold": 0.53},
            {"coverage": 1.0, "risk": 0.4, "threshold": 0.5},
        ],
        "unsure": {
            "threshold": 0.52,
            "share": 0.25,
            "accuracy": 0.7,
            "unsure_accuracy": 0.3,
            "intervals": dict.fromkeys(("share", "accuracy", "unsure_accuracy")),
        },
        "per_clip": {
            "model": {**model, "confusion": confusion, "reliability": reliability},
            "majority": by_clip,
        },
        "slices": {
            "species=CAT": {
                "rows": 20,
                "clips": 2,
                "accuracy": 0.6,
                "balanced_accuracy": 0.45,
                "macro_f1": 0.5,
                "intervals": None,
            }
        },
        "verdict": {
            "blessed": True,
            "notes": ["There is no blessed model yet to compare with."],
            "checks": [
                {
                    "check": "over_majority",
                    "passed": True,
                    "value": 0.06,
                    "limit": 0.05,
                    "rule": "at_least",
                    "message": "macro-F1 0.500 against 0.430",
                }
            ],
        },
    }


def every_metric() -> Metrics:
    """Returns ``METRICS_JSON`` of a model that is compared with the last blessed one.

    It also has sources of the box, which the Evaluator may add, and more points of the risk.
    """
    found = metrics()
    found["baseline"] = predictor_scores(0.55, 0.4, 0.45, 0.2)
    found["gain"]["baseline"] = {"macro_f1": 0.05, "interval": [-0.01, 0.11], "rows": 30}
    by_clip = found["per_clip"]["majority"]
    found["per_clip"]["baseline"] = by_clip
    found["resampling"]["units"] = 4
    found["model"]["intervals"]["macro_f1"] = [0.4, 0.6]
    points = ((0.0, 1.0, 0.2), (0.6, 0.7, 0.1), (0.9, 0.2, 0.0))
    found["risk_coverage"] = [
        {"threshold": threshold, "coverage": coverage, "risk": risk}
        for threshold, coverage, risk in points
    ]
    found["unsure"]["threshold"] = 0.6
    added: dict[str, object] = {
        "boxes": {
            "given": {"rows": 40, "accuracy": 0.6, "macro_f1": 0.5},
            "whole": {"rows": 40, "accuracy": 0.42, "macro_f1": 0.3},
        },
    }
    return {**found, **added}  # type: ignore[typeddict-item]
