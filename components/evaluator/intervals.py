"""Intervals of scores, as the documents have them."""

import math
from collections.abc import Sequence

from dataset import resampling
from schemas.documents.intervals import Interval


def exact_interval(value: float, percentiles: Interval, units: Sequence[int]) -> Interval:
    """Returns the interval of a score: the exact one where the score is 0 or 1.

    Args:
      value: the score.
      percentiles: of the draws, which have no width there.
      units: number of units of each mood that the score depends on.
    """
    present = [count for count in units if count]
    if percentiles is None or not present:
        return None
    if value in (0, 1):
        faults = resampling.unseen_faults(present)
        return [1 - faults, 1.0] if value else [0.0, faults]
    # One unit is the same in each draw that has it.
    return percentiles if sum(present) > 1 else None


def interval_of(low: float, high: float) -> Interval:
    """Returns [low, high]; None where there is none."""
    return None if math.isnan(low) else [low, high]
