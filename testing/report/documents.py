"""Complete documents of a small run, for the tests to change."""

from collections.abc import Mapping

from schemas import exports as exported
from schemas.documents.exports import Export, Exports, LocatorExport
from schemas.documents.ingest import Ingest, SplitCounts
from schemas.documents.leaks import Leaks
from schemas.documents.locating import LocatorScores
from schemas.documents.servable import Servable
from schemas.documents.training import Preprocessing, Training
from schemas.documents.tuning import Trials
from schemas.documents.validation import Validation
from testing.report.score_documents import CALM, FEAR


def split_counts(
    moods: Mapping[str, int], clips: int, refused: Mapping[str, int] | None = None
) -> SplitCounts:
    """Returns the counts of a split whose rows are used or refused, none thinned or clipped."""
    used = sum(moods.values())
    return {
        "rows": used + sum((refused or {}).values()),
        "used": used,
        "moods": dict(moods),
        "thinned": dict.fromkeys(moods, 0),
        "refused": dict(refused or {}),
        "clips": clips,
        "clipped": 0,
        "reused": 0,
        "read": 0,
        "bytes": 1,
    }


def ingest() -> Ingest:
    """Returns ``INGEST_JSON``: 93 of 100 train rows are used, and all 40 eval rows."""
    refused = {"box_empty": 5, "image_missing": 2}
    return {
        "splits": {
            "train": split_counts({FEAR: 33, CALM: 60}, 9, refused),
            "eval": split_counts({FEAR: 10, CALM: 30}, 4),
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


def exports() -> Exports:
    """Returns ``EXPORTS_JSON`` of a format that was kept, one without its locator, one refused."""
    locator: LocatorExport = {
        "kept": True,
        "reason": "at least 99% must be the same. Received: 100.0%",
        "max_difference": 4e-7,
        "same_finds": 1.0,
        "same_empty": 1.0,
        "bytes": 500_000,
        "milliseconds": 1.25,
    }
    kept: Export = {
        "format": "onnx",
        "kept": True,
        "reason": "float32 must differ by at most 0.0001. Received: 4.6e-06",
        "max_difference": 4.6e-6,
        "same_mood": 1.0,
        "macro_f1": 0.659,
        "bytes": 16_500_000,
        "milliseconds": 3.2,
        "locator": locator,
    }
    left_out: LocatorExport = {
        **locator,
        "kept": False,
        "reason": "at least 99% must be the same. Received: 95.0%",
        "same_finds": 0.95,
    }
    return {
        "version": "17",
        "folder": "/exports/pet_mood/17",
        "rows": 160,
        "macro_f1": 0.659,
        "macro_f1_interval": [0.544, 0.815],
        "exports": [
            kept,
            {**kept, "format": "openvino_fp16", "locator": left_out},
            exported.refused("litert_int8", "LLVM ERROR: Failed to infer result type(s)."),
        ],
    }


def locator() -> LocatorScores:
    """Returns ``LOCATOR_JSON`` of a locator that passed."""
    return {
        "scenes": 20,
        "animals": 21,
        "found_share": 0.95,
        "placed_share": 1.0,
        "mean_iou": 0.8125,
        "extra_finds": 0.0,
        "empty_pictures": 40,
        "false_share": 0.05,
        "auroc": 0.9871,
        "min_iou": 0.5,
        "min_score": 0.3,
        "slices": {
            "box_size=<0.05": {"scenes": 2, "found_share": 0.5, "mean_iou": 0.4},
            "species=CAT": {"scenes": 10, "found_share": 1.0, "mean_iou": 0.9},
        },
        "checks": [],
        "passed": True,
    }
