"""The gate of the exports: whether a format answers as the servable does.

Float32 must repeat the servable's probabilities. Fewer bits may move them, as long as nearly all
moods stay and the loss of macro-F1 is within what these rows can tell.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dataset import scores
from dataset.resampling import interval, resampled

MAX_DIFFERENCE = 1e-4
"""Largest difference of a probability in float32. Rounding alone comes to some 1e-6."""
MIN_SAME_MOOD = 0.99
"""Least share of rows with the servable's mood, for a format of fewer bits."""

_RESAMPLES, _SEED = 1000, 17

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


class Reference(NamedTuple):
    """What the servable answers for the rows that each format is asked.

    Attributes:
      probabilities: float32[n, k].
      label_indices: int64[n], the true moods.
      macro_f1: in [0, 1].
      low, high: its 95 % interval, by resampling units.
    """

    probabilities: Floats
    label_indices: Indices
    macro_f1: float
    low: float
    high: float


class Parity(NamedTuple):
    """How a format's answers compare with the servable's.

    Attributes:
      passed: whether it is kept.
      reason: rule and figures, for people.
      max_difference: of a probability; NaN where one is.
      same_mood: share of rows.
      macro_f1: in [0, 1].
    """

    passed: bool
    reason: str
    max_difference: float
    same_mood: float
    macro_f1: float


def reference(probabilities: Floats, label_indices: Indices, units: Sequence[str]) -> Reference:
    """Returns the servable's answers with their macro-F1.

    Args:
      probabilities: float32[n, k].
      label_indices: int64[n].
      units: n names of animals or clips, which the interval is drawn from.
    """
    k = probabilities.shape[1]
    names, unit_of_row = np.unique(np.asarray(units), return_inverse=True)
    counts = np.zeros((len(names), k, k))
    np.add.at(counts, (unit_of_row, label_indices, probabilities.argmax(axis=1)), 1)
    low, high = interval(resampled([counts], scores.macro_f1, _RESAMPLES, _SEED))
    value = scores.macro_f1(counts.sum(axis=0))
    return Reference(probabilities, label_indices, float(value), float(low), float(high))


def compare(answers: Floats, asked: Reference, *, is_float32: bool) -> Parity:
    """Returns whether a format's answers, float32[n, k], pass, and why."""
    k = asked.probabilities.shape[1]
    finite = np.isfinite(answers).all(axis=1)
    # A row that has no answer is wrong: the last column counts it.
    moods = np.where(finite, np.where(finite[:, None], answers, 0).argmax(axis=1), k)
    confusion = np.zeros((k, k + 1))
    np.add.at(confusion, (asked.label_indices, moods), 1)
    macro_f1 = float(scores.macro_f1(confusion))
    same_mood = float((moods == asked.probabilities.argmax(axis=1)).mean())
    difference = float(np.abs(answers - asked.probabilities).max())
    if is_float32:
        passed = difference <= MAX_DIFFERENCE  # NaN does not pass.
        reason = (
            f"float32 must differ by at most {MAX_DIFFERENCE:g} from the servable's probabilities. "
            f"Received: {difference:.1e}"
        )
    else:
        passed = same_mood >= MIN_SAME_MOOD and macro_f1 >= asked.low
        reason = (
            f"at least {MIN_SAME_MOOD:.0%} of the moods must be the servable's, and macro-F1 must "
            f"be at least {asked.low:.3f}, the lower end of its interval. Received: "
            f"{same_mood:.1%} and {macro_f1:.3f}"
        )
    return Parity(passed, reason, difference, same_mood, macro_f1)
