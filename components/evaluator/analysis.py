"""Runs TFMA on the model's predictions and writes its result files.

TFMA takes 1.3 ms a row here, a quarter of an hour for AI Hub's eval split. So it is not given the
rows, but the combinations of slices, true mood and predicted mood, with their numbers of rows as
weights. There are some thousand combinations at most.

TFMA's files are for its own tools. ``check`` compares its counts with ours.
"""

from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tfx_bsl.arrow import table_util

from components.evaluator import predictions_table, tfma_metrics
from components.evaluator.confusion_counts import ALL_ROWS, ConfusionCounts, SliceKey
from dataset.scores import Matrix
from system.arrow import pa

_MATRIX = "confusion"
_PREDICTION, _ROWS = "answer", "rows"


class CountError(RuntimeError):
    """TFMA's counts differ from ours."""


def analyse(pipeline: beam.Pipeline, counts: ConfusionCounts, output: str) -> None:
    """Adds TFMA's evaluation to a Beam pipeline.

    Rows with a NaN or infinite probability are left out, because TFMA cannot represent them.

    Args:
      pipeline: runs when its ``with`` block ends.
      counts: of the predictions table.
      output: folder for TFMA's result files.
    """
    batch, slice_columns = _combinations(counts)
    _ = (
        pipeline
        | "Counts" >> beam.Create([batch])
        | "Analyse"
        >> tfma.ExtractEvaluateAndWriteResults(
            eval_config=_eval_config(len(counts.mood_names), slice_columns), output_path=output
        )
    )


def check(output: str, counts: ConfusionCounts) -> None:
    """Compares TFMA's confusion matrices of all rows and of each slice with ours.

    Args:
      output: folder of TFMA's result files.
      counts: as ``analyse`` was given them.

    Raises:
      CountError: a matrix differs.
    """
    num_classes = len(counts.mood_names)
    matrices = read_confusion_matrices(output, num_classes)
    for key in (ALL_ROWS, *counts.slices):
        summed = counts.confusion_matrices(predictions_table.MODEL, key).sum(axis=0)
        ours = summed[:, :num_classes]
        theirs = matrices.get(key, np.zeros((num_classes, num_classes)))
        if not np.array_equal(ours, theirs):
            raise CountError(
                f"TFMA's confusion matrix of {key or 'all rows'} must equal ours, "
                f"{ours.tolist()}. Received: {theirs.tolist()}"
            )


def read_confusion_matrices(output: str, num_classes: int) -> dict[SliceKey, Matrix]:
    """Returns, by slice, the confusion matrices (float64[k, k]) that TFMA wrote."""
    matrices: dict[SliceKey, Matrix] = {}
    for line in tfma.load_metrics(output):
        key = tuple((part.column, _slice_value(part)) for part in line.slice_key.single_slice_keys)
        for entry in line.metric_keys_and_values:
            if entry.key.name != _MATRIX:
                continue
            matrix = np.zeros((num_classes, num_classes))
            for cell in entry.value.multi_class_confusion_matrix_at_thresholds.matrices[0].entries:
                matrix[cell.actual_class_id, cell.predicted_class_id] = cell.num_weighted_examples
            matrices[key] = matrix
    return matrices


def _combinations(counts: ConfusionCounts) -> tuple[pa.RecordBatch, list[str]]:
    """Returns the combinations as Arrow, and the columns that slice them."""
    num_classes = len(counts.mood_names)
    *slice_values, y_true, y_pred, rows = zip(
        *(
            (*combination, count)
            for combination, count in counts.combinations.items()
            if combination[-1] < num_classes
        ),
        strict=True,
    )
    one_hot = np.eye(num_classes, dtype=np.float32)[list(y_pred)]
    # TFMA cannot slice by a column that is null in every row.
    slice_columns = {
        name: pa.array(values, pa.string())
        for name, values in zip(predictions_table.SLICE_COLUMNS, slice_values, strict=True)
        if any(value is not None for value in values)
    }
    columns = slice_columns | {
        predictions_table.LABEL_INDEX: pa.array(y_true, pa.int64()),
        _PREDICTION: pa.array(list(one_hot), pa.list_(pa.float32())),
        _ROWS: pa.array(rows, pa.float32()),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    return table_util.CanonicalizeRecordBatch(batch), list(slice_columns)


def _eval_config(num_classes: int, slice_columns: list[str]) -> tfma.EvalConfig:
    metrics = [
        tfma.MetricConfig(
            class_name=class_name,
            module=tfma_metrics.__name__,
            config=f'"classes": {num_classes}, "name": "{name}"',
        )
        for class_name, name in (
            ("Accuracy", "accuracy"),
            ("MeanRecall", "balanced_accuracy"),
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
            tfma.ModelSpec(
                label_key=predictions_table.LABEL_INDEX,
                prediction_key=_PREDICTION,
                example_weight_key=_ROWS,
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[column]) for column in slice_columns),
        ],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
    )


def _slice_value(part: Any) -> Any:
    value = getattr(part, part.WhichOneof("kind"))
    return value.decode("utf-8") if isinstance(value, bytes) else value
