"""TFMA over the table of predictions: metrics and slices in, confusion matrices out.

TFMA measures, ``gate`` decides: TFMA's own change thresholds need two loaded models, and
here both have answered already.
"""

from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from tfx_bsl.arrow import table_util

from components.evaluator import predict, tfma_metrics
from components.evaluator.scores import Matrix

CANDIDATE = "candidate"
BASELINE = "baseline"
_MATRIX = "confusion"
_BATCH = 1024

Slice = tuple[tuple[str, Any], ...]
"""TFMA's key of a slice: () is everything, (("species", "CAT"),) is the cats."""


def eval_config(classes: int, has_baseline: bool, has_species: bool) -> tfma.EvalConfig:
    """Returns metrics and slices: everything, by mood and, where known, by species."""
    keys = {CANDIDATE: predict.COLUMN_PROBABILITIES}
    if has_baseline:
        keys[BASELINE] = predict.COLUMN_BASELINE
    slices = [tfma.SlicingSpec(), tfma.SlicingSpec(feature_keys=[predict.COLUMN_LABEL])]
    if has_species:
        slices.append(tfma.SlicingSpec(feature_keys=[predict.COLUMN_SPECIES]))
    metrics = [
        tfma.MetricConfig(
            class_name=class_name,
            module=tfma_metrics.__name__,
            config=f'"classes": {classes}, "name": "{name}"',
        )
        for class_name, name in (
            ("Accuracy", "accuracy"),
            ("BalancedAccuracy", "balanced_accuracy"),
            ("MacroF1", "macro_f1"),
        )
    ]
    metrics.append(
        tfma.MetricConfig(
            class_name="MultiClassConfusionMatrixAtThresholds",
            config=f'"name": "{_MATRIX}", "thresholds": [{tfma_metrics.NO_THRESHOLD}]',
        )
    )
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(name=name, label_key=predict.COLUMN_LABEL_INDEX, prediction_key=key)
            for name, key in keys.items()
        ],
        slicing_specs=slices,
        metrics_specs=[tfma.MetricsSpec(metrics=metrics, model_names=list(keys))],
    )


def analyse(pipeline: beam.Pipeline, table: str, config: tfma.EvalConfig, output: str) -> None:
    """Adds TFMA's evaluation of a table of predictions to a Beam pipeline.

    Args:
      pipeline: runs when its ``with`` block ends.
      table: Parquet file of ``predict.write_predictions``.
      config: of ``eval_config``.
      output: folder for TFMA's result files.
    """
    _ = (
        pipeline
        | "Read" >> beam.io.ReadFromParquetBatched(table)
        | "Batch" >> beam.FlatMap(_batches)
        | "Analyse" >> tfma.ExtractEvaluateAndWriteResults(eval_config=config, output_path=output)
    )


def _batches(table: pa.Table) -> list[pa.RecordBatch]:
    return [table_util.CanonicalizeRecordBatch(batch) for batch in table.to_batches(_BATCH)]


def confusions(output: str, classes: int) -> dict[str, dict[Slice, Matrix]]:
    """Returns, by model and slice, the confusion matrices (float64[k, k]) that TFMA wrote."""
    found: dict[str, dict[Slice, Matrix]] = {}
    for line in tfma.load_metrics(output):
        key = tuple((part.column, _slice_value(part)) for part in line.slice_key.single_slice_keys)
        for entry in line.metric_keys_and_values:
            if entry.key.name != _MATRIX:
                continue
            matrix = np.zeros((classes, classes))
            for cell in entry.value.multi_class_confusion_matrix_at_thresholds.matrices[0].entries:
                matrix[cell.actual_class_id, cell.predicted_class_id] = cell.num_weighted_examples
            # TFMA leaves the name out where there is one model.
            found.setdefault(entry.key.model_name or CANDIDATE, {})[key] = matrix
    return found


def _slice_value(part: Any) -> Any:
    value = getattr(part, part.WhichOneof("kind"))
    return value.decode("utf-8") if isinstance(value, bytes) else value
