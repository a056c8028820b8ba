"""The gain of a trial over the run's own values."""

import numpy as np
import numpy.typing as npt

from dataset import scores
from dataset.resampling import TAIL, interval, least_units, resampled
from schemas.documents.intervals import Interval

Matrices = npt.NDArray[np.float64]
"""float64[units, k, k + 1]: a confusion matrix for each resampling unit (animal or clip)."""

RESAMPLES = 2000


def gain_interval(trial: Matrices, own: Matrices, tests: int) -> Interval:
    """Returns [low, high] of the difference in macro-F1 for all ``tests`` together with 95 %."""
    if len(own) < least_units(tests):
        return None

    def difference(one: Matrices, other: Matrices) -> Matrices:
        return scores.macro_f1(one) - scores.macro_f1(other)

    draws = resampled([trial, own], difference, RESAMPLES, seed=0)
    ends: list[float] = interval(draws, TAIL / tests).tolist()
    return ends
