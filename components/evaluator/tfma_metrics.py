"""Our scores as TFMA metrics, derived from TFMA's multi-class confusion matrix.

TFMA's own F1 and recall are binarised at a probability of 0.5; these are of the likeliest mood,
which is the pipeline's prediction.

TFMA looks for a class among its own metrics first, and then in the module that the configuration
names. So these classes must not have the names of TFMA's metrics. Registering ours would help this
process, but not Beam's workers.
"""

from collections.abc import Callable

import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.metrics import multi_class_confusion_matrix_metrics as matrices
from tensorflow_model_analysis.proto import config_pb2

from dataset import scores

# A row's likeliest mood counts however low its probability is.
NO_THRESHOLD = -1.0


def _computations(
    score: Callable[[scores.Matrix], scores.Values],
) -> Callable[..., metric_types.MetricComputations]:
    def create(
        classes: int,
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_name: str = "",
        output_name: str = "",
        example_weighted: bool = False,
    ) -> metric_types.MetricComputations:
        key = metric_types.MetricKey(
            name=name,
            model_name=model_name,
            output_name=output_name,
            example_weighted=example_weighted,
        )
        computations = matrices.multi_class_confusion_matrices(
            thresholds=[NO_THRESHOLD],
            eval_config=eval_config,
            model_name=model_name,
            output_name=output_name,
            example_weighted=example_weighted,
        )
        matrix_key = computations[-1].keys[-1]

        def result(
            metrics: dict[metric_types.MetricKey, matrices.Matrices],
        ) -> dict[metric_types.MetricKey, float]:
            confusion = np.zeros((classes, classes))
            for entry, count in metrics[matrix_key].get(NO_THRESHOLD, {}).items():
                confusion[entry.actual_class_id, entry.predicted_class_id] = count
            return {key: float(score(confusion))}

        return [*computations, metric_types.DerivedMetricComputation(keys=[key], result=result)]

    return create


class _ConfusionScore(metric_types.Metric):
    """A score of the confusion matrix; TFMA creates it from its class name and configuration."""

    score: Callable[[scores.Matrix], scores.Values]

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations(type(self).score)),
            classes=classes,
            name=name,
        )


def _of_moods(
    score: Callable[[scores.Matrix], scores.Values],
) -> Callable[[scores.Matrix], scores.Values]:
    """Returns the score with NaN where all rows are of one mood: it is a mean over moods."""

    def of_moods(confusion: scores.Matrix) -> scores.Values:
        several = (confusion.sum(axis=-1) > 0).sum(axis=-1) > 1
        return np.where(several, score(confusion), np.nan)

    return of_moods


class Accuracy(_ConfusionScore):
    """Share of correct rows, [0, 1]."""

    score = staticmethod(scores.accuracy)


class MeanRecall(_ConfusionScore):
    """Mean recall over the moods that have rows, [0, 1]."""

    score = staticmethod(_of_moods(scores.balanced_accuracy))


class MacroF1(_ConfusionScore):
    """Mean F1 over the moods that have rows, [0, 1]."""

    score = staticmethod(_of_moods(scores.macro_f1))
