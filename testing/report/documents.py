"""Complete documents of a small run, for the tests to change."""

from schemas.documents.certainty import ReliabilityBin
from schemas.documents.evaluation import ClipScores, Metrics, MoodScores, PredictorScores
from schemas.documents.ingest import Ingest
from schemas.documents.intervals import Interval
from schemas.documents.leaks import Leaks
from schemas.documents.servable import Servable
from schemas.documents.training import Preprocessing, Training
from schemas.documents.tuning import Trials
from schemas.documents.validation import Validation

FEAR, CALM = "공포", "편안/안정"


def ingest() -> Ingest:
    """Returns ``INGEST_JSON``: 93 of 100 train rows are used, and all 40 eval rows."""
    return {
        "splits": {
            "train": {
                "rows": 100,
                "used": 93,
                "moods": {FEAR: 33, CALM: 60},
                "thinned": {FEAR: 0, CALM: 0},
                "refused": {"box_empty": 5, "image_missing": 2},
                "clips": 9,
                "clipped": 0,
                "reused": 0,
                "read": 0,
                "bytes": 1,
            },
            "eval": {
                "rows": 40,
                "used": 40,
                "moods": {FEAR: 10, CALM: 30},
                "thinned": {FEAR: 0, CALM: 0},
                "refused": {},
                "clips": 4,
                "clipped": 0,
                "reused": 0,
                "read": 0,
                "bytes": 1,
            },
        },
        "version": "",
    }


def unlabelled() -> dict[str, object]:
    """Returns ``INGEST_JSON`` of rows without moods: 2 of 3 are used."""
    counts = {
        "rows": 3,
        "used": 2,
        "clipped": 1,
        "moods": {},
        "thinned": {},
        "refused": {"image_missing": 1},
        "reused": 2,
        "read": 1,
    }
    return {"splits": {"unlabelled": counts}}


def validation() -> Validation:
    """Returns ``VALIDATION_JSON`` with one warning."""
    return {
        "verdict": "ok",
        "findings": [
            {
                "severity": "warning",
                "check": "label_shift",
                "split": "eval",
                "message": "공포 is 35.5% of train and 25.0% of eval",
                "value": 0.105,
                "limit": 0.1,
            }
        ],
    }


def leaks() -> Leaks:
    """Returns ``LEAKS_JSON`` with one error."""
    return {
        "verdict": "refused",
        "findings": [
            {
                "severity": "error",
                "check": "picture_share",
                "split": "eval",
                "message": "12 frames nearly equal",
                "value": 0.3,
                "limit": 0.05,
            }
        ],
        "leaks": {"clips": 1, "groups": 0, "pictures": 12},
        "examples": [
            {
                "kind": "picture",
                "name": "",
                "train_line": 7,
                "train_image": "a.jpg",
                "eval_line": 3,
                "eval_image": "b.jpg",
                "distance": 2,
                "train_split": "train",
                "eval_split": "eval",
            }
        ],
    }


def trials() -> Trials:
    """Returns ``TRIALS_JSON`` of a trial that completed and one that failed."""
    return {
        "objective": "val_macro_f1",
        "epochs": 5,
        "rows": {"train": 93, "eval": 40},
        "ended_by": "trials",
        "best": "0",
        "trials": [
            {
                "trial": "0",
                "values": {"train.learning_rate": 0.001},
                "status": "completed",
                "score": 0.61,
                "gain": None,
                "seconds": 81.2,
            },
            {
                "trial": "1",
                "values": {"train.learning_rate": 0.1},
                "status": "failed",
                "score": None,
                "gain": None,
                "seconds": 12.0,
            },
        ],
    }


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


def preprocessing() -> Preprocessing:
    """Returns ``signatures.SPEC_ASSET`` of a model of photos."""
    return {
        "resolution": 224,
        "box_margin": 0.05,
        "box_overhang": 0.1,
        "weights": "imagenet",
        "max_image_pixels": 64_000_000,
        "max_image_bytes": 64 << 20,
        "unsure_below": 0.52,
        "temperature": 1.25,
        "fitted_on": "validation",
        "trained_on": "photos",
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


def training() -> Training:
    """Returns ``TRAINING_JSON`` of a training on a GPU."""
    return {
        "device": "NVIDIA H100",
        "replicas": 1,
        "batch_size": 32,
        "learning_rate": 0.001,
        "steps": 60,
        "epochs": 20,
        "images_per_second": 2100.0,
        "precision": "bfloat16",
        "xla": True,
    }


def servable() -> Servable:
    """Returns ``SERVABLE_JSON`` of a servable that passed."""
    return {"passed": True, "pictures": 8, "checks": []}
