"""Counts of how sure the model's answers are, and how right: memory does not grow with the rows."""

import numpy as np
import numpy.typing as npt

from components.evaluator import calibration
from components.evaluator.predictor_counts import Rows
from schemas.documents.certainty import RiskCoveragePoint

_LOWEST, _HIGHEST, _WIDTH = -8.0, 17.0, 0.01
_BINS = round((_HIGHEST - _LOWEST) / _WIDTH)
"""Bins of the certainty's log-odds: probabilities of a sure model differ in their last digits, and
float32 has none beyond a log-odds of 16.6. 0.01 is a 400th of a probability at most."""


class CertaintyCounts:
    """Rows by their certainty, the probability of the likeliest mood.

    Attributes:
      unsure_below: the model's threshold.
      by_unit: float64[units, 4]: rows, those that are right, sure, and both; as many units as
        there may be. A row with a NaN or infinite probability is neither.
      by_mood: float64[k, BINS, 3], bins of each mood's own probability, see ``calibration``.
    """

    def __init__(self, num_classes: int, max_units: int, unsure_below: float) -> None:
        # The servable compares float32 with float32.
        self.unsure_below = float(np.float32(unsure_below))
        self.by_unit = np.zeros((max_units, 4))
        self.by_mood: calibration.Bins = np.zeros((num_classes, calibration.BINS, 3))
        self._by_certainty = np.zeros((_BINS, 2))

    def add(self, rows: Rows) -> None:
        """Adds rows of the model."""
        num_classes = len(self.by_mood)
        finite = rows.y_pred < num_classes
        right = rows.y_pred == rows.y_true
        probabilities = np.where(finite[:, None], rows.probabilities, 0)
        certainty = probabilities.max(axis=1)
        sure = finite & (certainty >= self.unsure_below)
        flags = np.stack([np.ones(len(right)), right, sure, right & sure], axis=1)
        np.add.at(self.by_unit, rows.units, flags)
        np.add.at(self._by_certainty, _bin_of(certainty[finite]), flags[finite, :2])
        for mood in range(num_classes):
            own = probabilities[finite, mood]
            bins = calibration.bin_of(own)
            # Faster than add.at, which matters for a thousand moods.
            for column, addends in enumerate((None, own, rows.y_true[finite] == mood)):
                self.by_mood[mood, :, column] += np.bincount(bins, addends, calibration.BINS)

    def risk_coverage(self) -> list[RiskCoveragePoint]:
        """Returns the curve: for each percent of coverage the first threshold that reaches it."""
        rows = self.by_unit[:, 0].sum()
        covered, right = self._by_certainty[::-1].cumsum(axis=0).T
        coverage = covered / max(rows, 1)
        # The last percent is what there is: rows with NaN are never covered.
        wanted = [*(percent / 100 for percent in range(1, 100)), float(coverage[-1])]
        found = np.unique(np.searchsorted(coverage, [each for each in wanted if each]))
        return [
            {
                "coverage": float(coverage[index]),
                "risk": float(1 - right[index] / covered[index]),
                "threshold": _lower_edge(_BINS - 1 - index),
            }
            for index in found
            if index < _BINS and covered[index]
        ]


def _bin_of(certainty: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    with np.errstate(divide="ignore"):
        log_odds = np.log(certainty) - np.log1p(-np.minimum(certainty, 1))
    places = (np.clip(log_odds, _LOWEST, _HIGHEST) - _LOWEST) / _WIDTH
    return np.minimum(places.astype(np.int64), _BINS - 1)


def _lower_edge(index: int) -> float:
    """Returns the least probability of a bin; that of the lowest is 0."""
    return float(1 / (1 + np.exp(-(_LOWEST + index * _WIDTH)))) if index else 0.0
