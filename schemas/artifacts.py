"""Names of the artifact types, and of the files and properties inside them.

The contents of the JSON files are typed in ``schemas.documents``.
"""

from typing import Final

REJECTS_TYPE = "petmood.Rejects"
FRAMES_TYPE = "petmood.Frames"
REPORT_TYPE = "petmood.ValidationReport"
LEAK_REPORT_TYPE = "petmood.LeakReport"
PREDICTIONS_TYPE = "petmood.Predictions"
EXPORTS_TYPE = "petmood.ModelExports"

EXAMPLES_TYPE = "Examples"
EVALUATION_TYPE = "ModelEvaluation"
INFRA_BLESSING_TYPE = "InfraBlessing"
TUNER_RESULTS_TYPE = "TunerResults"
MODEL_RUN_TYPE = "ModelRun"
PUSHED_MODEL_TYPE = "PushedModel"
"""TFX's standard artifact types. Importing TFX to name them would cost 20 s."""

MODEL_TYPE = "Model"
MODEL_BLESSING_TYPE = "ModelBlessing"
"""The same."""

BLESSED = "blessed"
BLESSED_VALUE = 1
BLESSED_MODEL_ID = "current_model_id"
"""Custom properties of a ModelBlessing, and the first one's value for a blessed model, that TFX's
Evaluator sets (tfx/components/evaluator/constants.py)."""

REASONS = "reasons"
"""Custom property of a ModelBlessing and an InfraBlessing: the rules that failed, in words, or that
none has."""

PUSHED = "pushed"
PUSHED_DESTINATION = "pushed_destination"
"""Custom properties of a PushedModel that every TFX Pusher sets
(tfx/components/pusher/executor.py)."""
MANIFEST_SHA256 = "manifest_sha256"
"""Custom property of a PushedModel: SHA-256 of the version's ``system.manifest.FILE``. It is not
set where nothing was pushed, and for a version that an earlier state pushed without a manifest."""

REJECTS_CSV = "rejects.csv"
"""In the Rejects artifact: a row for each refused row of the CSVs."""
INGEST_JSON = "ingest.json"
"""In the Rejects artifact: ``documents.Ingest``."""

VALIDATION_JSON = "validation.json"
"""In the ValidationReport artifact: ``documents.Validation``."""

LEAKS_JSON = "leaks.json"
"""In the LeakReport artifact: ``documents.Leaks``."""
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
    "train_split",
    "eval_split",
)
"""Columns of ``LEAKS_CSV``: the keys of ``documents.LeakExample``."""

VERDICT_OK: Final = "ok"
VERDICT_REFUSED: Final = "refused"

PREDICTIONS_PARQUET = "predictions.parquet"
"""In the Predictions artifact: a row for each Example of the eval split, exactly once, in order.

Columns of the row itself: line, image_path, clip, group, species, action, box_area, box_size,
brightness, brightness_band, sharpness, contrast, label, label_index, and judged, which is false
where the temperature was fitted on the row (without a validation split), or where the first model
of a warm start was trained on its clip or animal. Columns of each predictor: its likeliest mood and
float32[k], namely
``predicted`` and ``probabilities`` of the model, the same after ``baseline_`` and ``compared_``,
each with ``trained_on`` (whether that model was trained on the row's clip or animal), and
``majority_predicted``. The file's metadata have the ``moods`` (JSON) in the probabilities' order,
and the ``majority``.
"""

METRICS_JSON = "metrics.json"
"""In the ModelEvaluation artifact: ``documents.Metrics``."""

SERVABLE_JSON = "servable_check.json"
"""In the InfraBlessing artifact: ``documents.Servable``."""

TRIALS_JSON = "trials.json"
"""In the TunerResults artifact: ``documents.Trials``. TFX's own file beside it has no failed
trials."""

CURVES_CSV = "curves.csv"
"""In the ModelRun artifact: a row for each epoch; the columns are Keras' log names."""
TENSORBOARD = "tensorboard"
"""Folder in the ModelRun artifact: the same for TensorBoard."""
PRECISION_JSON = "precision.json"
"""In the ModelRun artifact, and beside a training's backups: ``documents.Precision``."""
BUDGET_JSON = "budget.json"
"""In the ModelRun artifact, and beside a training's backups, with ``train.minutes`` alone:
``documents.Budget``."""
TRAINING_JSON = "training.json"
"""In the ModelRun artifact: ``documents.Training``."""
CHECKPOINT_KERAS = "best.keras"
"""In the ModelRun artifact: the best epoch's model."""
LOCATOR_JSON = "locator.json"
"""In the Locator's ModelRun artifact: ``documents.LocatorScores``."""
LOCATOR_KERAS = "locator.keras"
"""In the same, and in the folder ``MODEL_CHECKPOINT`` of a model that has it: the locator."""
EXPECTED_SCENES = "expected_scenes.tfrecord"
"""In the same: a few scenes, for which ``EXPECTED_JSON`` has the places that are found in them."""
TEMPERATURE_JSON = "temperature.json"
"""In the ModelRun artifact, with ``evaluate.calibrate`` alone: ``documents.Temperature``."""
MODEL_CHECKPOINT = "checkpoint"
"""Folder in the Model artifact, beside the servable: the same checkpoint and its label map, for
a later training that starts with its weights."""
EXPECTED_RECORDS = "expected.tfrecord"
"""In the ModelRun artifact: a few Examples of the split that the model was chosen on."""
EXPECTED_JSON = "expected.json"
"""In the ModelRun artifact: ``documents.Expected``, what the trained model predicts for them."""
TRAINED_ON_NPZ = "trained_on.npz"
"""``dataset.trained_on.TrainedOn``: in the ModelRun artifact beside the checkpoint, in the Model
artifact beside its copy, and in the servable's ``assets.extra``, from where it is pushed too."""
NAMES_FOLDER = "names"
"""Folder in the Examples artifact: for each split a file .npy with uint64[n, 2], the distinct pairs
of ``dataset.trained_on.name_pairs``."""

UNFINISHED = "unfinished"
"""Folder below a node's own: what the node goes on from after a kill, until TFX has recorded it as
complete."""
SEARCH = "search"
"""The Tuner's folder beside its outputs' folders: TFX gives each execution new outputs."""
