"""Names of the artifact types, and of the files and properties inside them."""

REJECTS_TYPE = "petmood.Rejects"
FRAMES_TYPE = "petmood.Frames"
REPORT_TYPE = "petmood.ValidationReport"
LEAK_REPORT_TYPE = "petmood.LeakReport"
PREDICTIONS_TYPE = "petmood.Predictions"

EXAMPLES_TYPE = "Examples"
EVALUATION_TYPE = "ModelEvaluation"
INFRA_BLESSING_TYPE = "InfraBlessing"
TUNER_RESULTS_TYPE = "TunerResults"
MODEL_RUN_TYPE = "ModelRun"
PUSHED_MODEL_TYPE = "PushedModel"
"""TFX's standard artifact types. Importing TFX to name them would cost 20 s."""

PUSHED = "pushed"
PUSHED_DESTINATION = "pushed_destination"
"""Custom properties of a PushedModel that every TFX Pusher sets
(tfx/components/pusher/executor.py)."""

REJECTS_CSV = "rejects.csv"
"""In the Rejects artifact: a row for each refused row of the CSVs."""
INGEST_JSON = "ingest.json"
"""In the Rejects artifact::

    {"splits": {"train": {"rows": 520, "used": 500,
                          "moods": {"공포": 16, ...},
                          "thinned": {"공포": 0, ...},
                          "refused": {"box_empty": 1, ...},
                          "clips": 65, "bytes": 9999999}, "eval": {...}}}
"""

VALIDATION_JSON = "validation.json"
"""In the ValidationReport artifact::

    {"verdict": "ok" | "refused",
     "findings": [{"severity": "error" | "warning", "check": "refused_share",
                   "split": "train", "message": "...", "value": 0.2, "limit": 0.1}]}
"""

LEAKS_JSON = "leaks.json"
"""In the LeakReport artifact: verdict and findings as in ``VALIDATION_JSON``, and::

    {"leaks": {"clips": 1, "groups": 0, "pictures": 12},
     "examples": [{"kind": "picture", "name": "", "train_line": 7, "train_image": "a.jpg",
                   "eval_line": 3, "eval_image": "b.jpg", "distance": 2}]}

``clips`` and ``groups`` count names that both splits have, ``pictures`` the eval frames that
nearly equal a train frame. The examples are the first rows of ``LEAKS_CSV`` of each kind.
"""
LEAKS_CSV = "leaks.csv"
"""In the LeakReport artifact: a row for each pair, up to a few thousand of each kind."""
LEAK_COLUMNS = (
    "kind",
    "name",
    "train_line",
    "train_image",
    "eval_line",
    "eval_image",
    "distance",
)
"""Of ``LEAKS_CSV``: ``kind`` is clip, group or picture; ``name`` is that of the clip or group;
``distance`` is the number of differing bits of the pictures' hashes, and empty for the others."""

VERDICT_OK = "ok"
VERDICT_REFUSED = "refused"

PREDICTIONS_PARQUET = "predictions.parquet"
"""In the Predictions artifact: a row for each Example of the eval split, exactly once, in order.

What is known of the row (line, image_path, clip, group, species, action, box_area, brightness,
sharpness, contrast, label, and judged: false where the temperature was fitted on it), and of each
answerer the likeliest mood and float32[k]: ``predicted`` and ``probabilities`` of the model, the
same after ``baseline_`` and ``compared_``, and ``majority_predicted``. The file's metadata have
the ``moods`` (JSON) in the probabilities' order.
"""

METRICS_JSON = "metrics.json"
"""In the ModelEvaluation artifact::

    {"rows": 160, "clips": 20, "moods": [...],              those that the model is judged by
     "resampling": {"of": "clips", "level": 0.95, "draws": 2000},
     "model":    {"accuracy": .., "balanced_accuracy": .., "macro_f1": .., "ece": ..,
                  "intervals": {"accuracy": [low, high], ...}, "unanswered": 0},
     "majority": {"mood": "편안/안정", and as the model, "per_mood"; its "ece" is null},
     "baseline": null | as the model, and "per_mood",    the last blessed model
     "compared": null | the same,                        evaluate.compare_with
     "gain": {"majority": {"macro_f1": .., "interval": [low, high]}, "baseline": .., ...},
     "per_mood": {"공포": {"precision": .., "recall": .., "f1": .., "support": ..,
                           "intervals": {"f1": [low, high], ...}}},
     "confusion": [[...], ...],          rows: truth, columns: answer, label map order
     "reliability": [{"low": .., "high": .., "rows": .., "confidence": .., "accuracy": ..}],
     "per_clip": {"model": {as above, and "per_mood", "confusion", "reliability"}, ...},
     "slices": {"species=CAT": {"rows": .., "clips": .., "accuracy": .., ...,
                                "intervals": null | {...}, "baseline": {"accuracy": .., ...}}},
     "verdict": {"blessed": true, "notes": [".."],
                 "checks": [{"check": "over_majority", "passed": true, "value": .., "limit": ..,
                             "rule": "at_least" | "at_most", "message": ".."}]}}

Slices are of label, species, box_size, brightness_band and action. An interval is null where
there are no two clips to draw from; a row that was answered with NaN is in no column of the
confusion matrix.
"""

SERVABLE_JSON = "servable_check.json"
"""In the InfraBlessing artifact::

    {"passed": true, "pictures": 8, "checks": [{"check": "tf1_loader", "passed": true,
                                                "message": "..."}]}
"""

TRIALS_JSON = "trials.json"
"""In the TunerResults artifact, beside TFX's own file, which has no failed trials::

    {"objective": "val_macro_f1", "epochs": 5, "rows": {"train": 4100, "eval": 4123},
     "ended_by": "trials" | "minutes" | "choices", "best": "3",
     "trials": [{"trial": "3", "values": {"train.learning_rate": 0.001, ...},
                 "status": "completed" | "failed", "score": 0.61 | null, "seconds": 81.2}]}

A trial has failed whose loss was no number.
"""

CURVES_CSV = "curves.csv"
"""In the ModelRun artifact: a row an epoch, the columns being Keras' log names."""
TENSORBOARD = "tensorboard"
"""Folder in the ModelRun artifact: the same for TensorBoard."""
PRECISION_JSON = "precision.json"
"""In the ModelRun artifact, and beside a training's backups::

    {"taken": {"precision": "bfloat16", "xla": true},
     "trials": [{"precision": "float32", "xla": false, "ms_per_step": 31.2,
                 "losses": [1.8, 1.7], "failure": ""}]}
"""
CHECKPOINT_KERAS = "best.keras"
"""In the ModelRun artifact: the best epoch's model."""
TEMPERATURE_JSON = "temperature.json"
"""In the ModelRun artifact, only with evaluate.calibrate: {"temperature": 1.4, "rows": 80}, the
rows being those that it was fitted on."""
MODEL_CHECKPOINT = "checkpoint"
"""Folder in the Model artifact, beside the servable: the same checkpoint and its label map, for
a later training to go on from."""
EXPECTED_RECORDS = "expected.tfrecord"
"""In the ModelRun artifact: a few Examples of the eval split."""
EXPECTED_PROBABILITIES = "expected.npy"
"""In the ModelRun artifact: the trained model's answers to them before the export,
float32[n, k]."""
