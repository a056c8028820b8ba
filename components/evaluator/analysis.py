"""TFMA over the model's answers: metrics and slices in, its result files out.

TFMA takes 1.3 ms a row here, a quarter of an hour for AI Hub's eval split. It is therefore given
the rows counted by what it looks at, the combinations of slices, mood and answer, with the
numbers of rows as weights; there are some thousand of these at most.

TFMA's files are for its own tools. ``check`` holds its counts equal to ours.
"""

from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from tfx_bsl.arrow import table_util

from components.evaluator import predictions_table, tfma_metrics
from components.evaluator.confusion_counts import WHOLE, ConfusionCounts, Slice
from components.evaluator.scores import Matrix

_MATRIX = "confusion"
_ANSWER, _ROWS = "answer", "rows"


class CountError(RuntimeError):
    """TFMA counted otherwise than we did."""


def analyse(pipeline: beam.Pipeline, counts: ConfusionCounts, output: str) -> None:
    """Adds TFMA's evaluation to a Beam pipeline.

    Rows without an answer (NaN) are left out, for TFMA has no word for them.

    Args:
      pipeline: runs when its ``with`` block ends.
      counts: of the table of predictions.
      output: folder for TFMA's result files.
    """
    rows, columns = _counted(counts)
    _ = (
        pipeline
        | "Counts" >> beam.Create([rows])
        | "Analyse"
        >> tfma.ExtractEvaluateAndWriteResults(
            eval_config=_eval_config(len(counts.moods), columns), output_path=output
        )
    )


def check(output: str, counts: ConfusionCounts) -> None:
    """Raises CountError where TFMA's confusion matrices are not ours, everywhere and by slice."""
    moods = len(counts.moods)
    found = confusions(output, moods)
    for key in (WHOLE, *counts.slices):
        ours = counts.confusions(predictions_table.MODEL, key).sum(axis=0)[:, :moods]
        theirs = found.get(key, np.zeros((moods, moods)))
        if not np.array_equal(ours, theirs):
            raise CountError(
                f"TFMA's confusion matrix of {key or 'everything'} must be ours. "
                f"Received: {theirs.tolist()}, ours is {ours.tolist()}"
            )


def confusions(output: str, classes: int) -> dict[Slice, Matrix]:
    """Returns, by slice, the confusion matrices (float64[k, k]) that TFMA wrote."""
    found: dict[Slice, Matrix] = {}
    for line in tfma.load_metrics(output):
        key = tuple((part.column, _slice_value(part)) for part in line.slice_key.single_slice_keys)
        for entry in line.metric_keys_and_values:
            if entry.key.name != _MATRIX:
                continue
            matrix = np.zeros((classes, classes))
            for cell in entry.value.multi_class_confusion_matrix_at_thresholds.matrices[0].entries:
                matrix[cell.actual_class_id, cell.predicted_class_id] = cell.num_weighted_examples
            found[key] = matrix
    return found


def _counted(counts: ConfusionCounts) -> tuple[pa.RecordBatch, list[str]]:
    """Returns the combinations as Arrow, and the columns that slice them."""
    *sliced, truth, answer, rows = zip(
        *(
            (*combination, count)
            for combination, count in counts.combinations.items()
            if combination[-1] < len(counts.moods)
        ),
        strict=True,
    )
    one_hot = np.eye(len(counts.moods), dtype=np.float32)[list(answer)]
    # TFMA cannot slice by a column that no row has.
    known = {
        name: pa.array(values, pa.string())
        for name, values in zip(predictions_table.SLICED, sliced, strict=True)
        if any(value is not None for value in values)
    }
    columns = known | {
        predictions_table.LABEL_INDEX: pa.array(truth, pa.int64()),
        _ANSWER: pa.array(list(one_hot), pa.list_(pa.float32())),
        _ROWS: pa.array(rows, pa.float32()),
    }
    return table_util.CanonicalizeRecordBatch(pa.RecordBatch.from_pydict(columns)), list(known)


def _eval_config(classes: int, columns: list[str]) -> tfma.EvalConfig:
    metrics = [
        tfma.MetricConfig(
            class_name=class_name,
            module=tfma_metrics.__name__,
            config=f'"classes": {classes}, "name": "{name}"',
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
                prediction_key=_ANSWER,
                example_weight_key=_ROWS,
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[column]) for column in columns),
        ],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
    )


def _slice_value(part: Any) -> Any:
    value = getattr(part, part.WhichOneof("kind"))
    return value.decode("utf-8") if isinstance(value, bytes) else value
