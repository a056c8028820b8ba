"""When the model knows that it does not know: risk against coverage, and its unsure answers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from components.evaluator import calibration
from components.evaluator.certainty_counts import CertaintyCounts
from components.evaluator.intervals import exact_interval, interval_of
from components.evaluator.settings import EvaluateSettings
from dataset import resampling
from dataset.resampling import Array
from schemas.documents.certainty import Calibration, Unsure
from schemas.documents.intervals import Interval
from schemas.documents.training import FittedOn

_NAMES = ("share", "accuracy", "unsure_accuracy")


class FittedCalibration(NamedTuple):
    """What a servable's ``preprocessing.json`` says of its calibration.

    Attributes:
      temperature: 1 without one.
      unsure_below: the threshold; 0 is none.
      on: rows that both were fitted on.
    """

    temperature: float = 1.0
    unsure_below: float = 0.0
    on: FittedOn = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "FittedCalibration":
        """Returns it from the document, which in servables of before has nothing of it."""
        return cls(
            float(document.get("temperature", 1)),
            float(document.get("unsure_below", 0)),
            document.get("fitted_on", ""),
        )


NOT_FITTED = FittedCalibration()
"""A servable without temperature and threshold."""


def calibration_document(
    counts: CertaintyCounts, mood_names: Sequence[str], fitted: FittedCalibration
) -> Calibration:
    """Returns the class-wise calibration.

    Source of the class-wise error: Meelis Kull et al., "Beyond Temperature Scaling", 2019.
    """
    errors = calibration.error(counts.by_mood)
    count, probability, share = np.moveaxis(counts.by_mood.sum(axis=1), -1, 0)
    return {
        "temperature": fitted.temperature,
        "fitted_on": fitted.on,
        "per_mood": {
            name: {
                "ece": float(errors[index]),
                "mean_probability": float(probability[index] / max(count[index], 1)),
                "share": float(share[index] / max(count[index], 1)),
            }
            for index, name in enumerate(mood_names)
        },
    }


def unsure(counts: CertaintyCounts, units: int, settings: EvaluateSettings) -> Unsure:
    """Returns the unsure answers and the others, with 95 % intervals.

    Args:
      counts: of the model.
      units: resampling units.
      settings: of the resampling.
    """
    by_unit = counts.by_unit[:units]
    values = _shares(by_unit.sum(axis=0))
    ends: list[Interval] = [None] * len(values)
    if units > 1:
        draws = resampling.resampled([by_unit], _shares, settings.resamples, settings.seed)
        ends = [interval_of(low, high) for low, high in resampling.interval(draws).T.tolist()]
    # Units that have any row of those that a share is of.
    present = (_parts(by_unit)[..., 0] > 0).sum(axis=0)
    share, accuracy, unsure_accuracy = (None if np.isnan(v) else float(v) for v in values)
    assert share is not None  # The Evaluator refuses to score no rows.
    return {
        "threshold": counts.unsure_below,
        "share": share,
        "accuracy": accuracy,
        "unsure_accuracy": unsure_accuracy,
        "intervals": {
            name: exact_interval(float(value), end, [int(count)])
            for name, value, end, count in zip(_NAMES, values, ends, present, strict=True)
        },
    }


def _parts(by_unit: Array) -> Array:
    """Returns float64[..., 3, 2]: of each share of ``_NAMES`` the whole and the part."""
    rows, right, sure, sure_and_right = np.moveaxis(by_unit, -1, 0)
    pairs = ((rows, rows - sure), (sure, sure_and_right), (rows - sure, right - sure_and_right))
    return np.stack([np.stack(pair, axis=-1) for pair in pairs], axis=-2)


def _shares(by_unit: Array) -> Array:
    """Returns float64[..., 3], NaN where there is nothing to have a share of."""
    parts = _parts(by_unit)
    whole, part = parts[..., 0], parts[..., 1]
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
