"""Risk against coverage: how many answers are wrong if the improbable ones are withheld.

Source: Yonatan Geifman and Ran El-Yaniv, "Selective Classification for Deep Neural Networks",
https://arxiv.org/abs/1705.08500, section 2.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from components.evaluator import predictions_table
from components.evaluator.predictions_table import MODEL, probabilities_of
from system.parquet import read_batches

_BINS = 200
"""Thresholds of a curve that is made from predictions, 0.5 points apart."""
_COLUMNS = [
    predictions_table.SCORED,
    predictions_table.LABEL_INDEX,
    predictions_table.probabilities_column(MODEL),
]


class Point(NamedTuple):
    """What holds if answers below ``threshold`` are withheld.

    Attributes:
      threshold: a probability.
      coverage: share of the rows that are answered, in [0, 1].
      risk: share of these whose answer is wrong.
    """

    threshold: float
    coverage: float
    risk: float


def curve(metrics: Mapping[str, Any], predictions: Path | None) -> list[Point]:
    """Returns the curve by rising threshold; [] where nothing is known.

    Args:
      metrics: ``METRICS_JSON``, whose ``risk_coverage`` is taken where it is there.
      predictions: the table of predictions, from which the curve is made otherwise.
    """
    given = metrics.get("risk_coverage")
    if given:
        points = [Point(each["threshold"], each["coverage"], each["risk"]) for each in given]
        return sorted(points, key=lambda point: (point.threshold, -point.coverage))
    return _of_predictions(predictions) if predictions else []


def _of_predictions(predictions: Path) -> list[Point]:
    """Returns the curve of a table, of which some thousand rows are in memory at a time."""
    counts = np.zeros((_BINS, 2))
    total = 0
    for batch in read_batches(str(predictions), _COLUMNS, predictions_table.ROW_GROUP):
        scored = batch.filter(batch.column(predictions_table.SCORED))
        if not len(scored):
            continue
        total += len(scored)
        probabilities = probabilities_of(scored, MODEL)
        labels = scored.column(predictions_table.LABEL_INDEX).to_numpy()
        finite = np.isfinite(probabilities).all(axis=1)
        likeliest = probabilities[finite].argmax(axis=1)
        confidences = probabilities[finite].max(axis=1)
        # The small term is for 0.57 * 200, which is 113.99999999999999 in floating point.
        bins = np.clip((confidences * _BINS + 1e-9).astype(int), 0, _BINS - 1)
        np.add.at(counts, (bins, 0), 1)
        np.add.at(counts, (bins, 1), likeliest != labels[finite])
    answered, wrong = counts[::-1].cumsum(axis=0)[::-1].T
    return [
        Point(index / _BINS, float(answered[index] / total), float(wrong[index] / answered[index]))
        for index in range(_BINS)
        if answered[index] and (index == 0 or counts[index - 1, 0])
    ]
