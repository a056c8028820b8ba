"""The threshold of unsure answers: when a model should rather not answer.

The certainty of an answer is the probability of its mood. Answers below a threshold are unsure.
The others are the covered ones: their share is the coverage, and their share of wrong answers the
risk. (Ran El-Yaniv and Yair Wiener, "On the Foundations of Noise-free Selective Classification",
2010; Yonatan Geifman and Ran El-Yaniv, "Selective Classification for Deep Neural Networks", 2017,
who use the same certainty.)
"""

import math

import numpy as np
import numpy.typing as npt

LEAST_CLIPS = 20
"""Clips among the sure answers from which a target accuracy can be told: fewer may be right by
chance, and the largest probabilities come first."""
ALL_UNSURE = 2.0
"""The threshold where no answer is sure: above any probability."""

Floats = npt.NDArray[np.float64]


def for_coverage(certainty: Floats, coverage: float) -> float:
    """Returns the threshold by which at least this share of the answers is sure.

    Args:
      certainty: float64[n], probability of each answer, n >= 1.
      coverage: in (0, 1].
    """
    return _below(np.sort(certainty)[::-1], math.ceil(coverage * len(certainty)))


def for_accuracy(
    certainty: Floats,
    right: npt.NDArray[np.bool_],
    clips: npt.NDArray[np.int64],
    target_accuracy: float,
) -> float:
    """Returns the threshold by which most answers are sure, and these as accurate as asked.

    Args:
      certainty: float64[n], probability of each answer, n >= 1.
      right: bool[n].
      clips: int64[n], number of each answer's clip.
      target_accuracy: in (0, 1).

    Returns:
      ``ALL_UNSURE`` where the answers of no ``LEAST_CLIPS`` clips are as accurate.
    """
    order = np.argsort(-certainty, kind="stable")
    falling = certainty[order]
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    is_first = np.zeros(len(order), bool)
    is_first[np.unique(clips[order], return_index=True)[1]] = True
    # Equal probabilities are all sure or all unsure.
    is_end = np.append(falling[:-1] > falling[1:], True)
    good = is_end & (accuracy >= target_accuracy) & (np.cumsum(is_first) >= LEAST_CLIPS)
    if not good.any():
        return ALL_UNSURE
    return _below(falling, int(np.flatnonzero(good)[-1]) + 1)


def _below(falling: Floats, count: int) -> float:
    """Returns a threshold below the ``count`` largest values, as a float32; 0 is below all.

    It lies half way to the next value, so that rounding, which differs between machines, moves no
    answer over it.
    """
    last = falling[count - 1]
    lower = falling[falling < last]
    if not lower.size:
        return 0.0
    # The servable compares in float32. Rounded down, the threshold is never above the last.
    middle = np.float32((last + lower[0]) / 2)
    return float(min(middle, np.float32(last)))
