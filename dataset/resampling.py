"""95 % intervals by resampling animals or clips: the percentile bootstrap over clusters.

Frames of a clip are near copies, and clips of an animal are alike, so that resampling frames would
give far too narrow intervals. Whole units (animals, or clips of unknown animals) are drawn with
replacement, as many as there are, and a score is computed from the counts of the drawn units. A
draw in which a score is not defined has NaN, and is left out of the interval. (Bradley Efron and
Robert Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; by clusters: A. C. Davison
and D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.)

Only counts of units are drawn, never frames: memory and time do not depend on the frames.

If all rows are right, so they are in every draw. ``unseen_faults`` then says how many faults there
may be all the same.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TAIL = 0.025
"""Share of the draws beyond each end of a 95 % interval."""

_MAX_WEIGHTS = 1 << 20
"""Most weights, draws x units, that are in memory at a time: 8 MiB."""


def resampled(
    counts: Sequence[Array], score: Callable[..., Array], resamples: int, seed: int
) -> Array:
    """Returns a score on ``resamples`` draws of the resampling units (animals, clips, or pools).

    Example:
      Of two clips, the first has 2 correct rows of 4, the second has 3 of 4. A draw has the first
      clip twice (2 / 4), each once (5 / 8), or the second twice (3 / 4):

      >>> correct, rows = np.array([2.0, 3.0]), np.array([4.0, 4.0])
      >>> draws = resampled([correct, rows], lambda c, n: c / n, resamples=1000, seed=0)
      >>> np.unique(draws).tolist()
      [0.5, 0.625, 0.75]
      >>> interval(draws).tolist()
      [0.5, 0.75]

    Args:
      counts: float64[units, ...] each: what every unit adds to each of the sums that the score is
        computed from. All of them see the same draws, so that the difference of two models' scores
        is a paired one.
      score: a function of the sums float64[draws, ...], one argument for each array of
        ``counts``; it returns float64[draws, ...].
      resamples: number of draws.
      seed: of the draws.

    Returns:
      float64[resamples, ...].
    """
    flat = [array.reshape(len(array), -1) for array in counts]
    return np.concatenate(
        [
            score(
                *(
                    (weights @ matrix).reshape(len(weights), *array.shape[1:])
                    for matrix, array in zip(flat, counts, strict=True)
                )
            )
            for weights in _draws(len(counts[0]), resamples, seed)
        ]
    )


def interval(draws: Array, tail: float = TAIL) -> Array:
    """Returns float64[2, ...]: the percentiles that leave ``tail`` of the draws outside.

    Draws with NaN are left out; where there are no others, both ends are NaN.
    """
    defined = ~np.isnan(draws).all(axis=0)
    # NumPy warns of columns of NaN.
    ends = np.nanquantile(np.where(defined, draws, 0), [tail, 1 - tail], axis=0)
    return np.where(defined, ends, np.nan)


def unseen_faults(units: Sequence[int], tail: float = TAIL) -> float:
    """Returns the largest share of faulty units of which none is seen with probability ``tail``.

    It is the exact (Clopper-Pearson) limit. Of one kind with n units, faults in a share q of all
    animals stay unseen with ``(1 - q) ** n``, so that q is ``1 - tail ** (1 / n)``. Of several
    kinds, such as moods, it is the largest mean of the kinds' shares: a score that is a mean over
    moods loses as much.

    Example:
      >>> [round(unseen_faults([n]), 3) for n in (1, 10, 100)]
      [0.975, 0.308, 0.036]

    Args:
      units: number of units of each kind, >= 1 each, of which none is faulty.
      tail: probability.

    Returns:
      A share in (0, 1).
    """
    # Largest sum of 1 - exp(-x) for the sum of n x = log(1 / tail), all x >= 0: by Lagrange's
    # multiplier exp(-x) is proportional to n, for the rarest kinds alone.
    budget = -math.log(tail)
    by_size = sorted(units)
    for count in range(len(by_size), 0, -1):
        rarest = by_size[:count]
        total = sum(rarest)
        log_factor = -(budget + sum(n * math.log(n) for n in rarest)) / total
        if log_factor + math.log(rarest[-1]) <= 0:
            break
    return sum(1 - math.exp(log_factor) * n for n in rarest) / len(by_size)


def least_units(tests: int) -> int:
    """Returns the fewest units on which two models can differ beyond chance.

    n units of equal models all favour the same one with ``2 ** -n`` (the sign test).

    Args:
      tests: comparisons that hold together.
    """
    return math.ceil(math.log2(tests / TAIL))


def _draws(units: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yields how often each unit was drawn, some draws at a time: float64[draws, units]."""
    random = np.random.default_rng(seed)
    at_once = max(1, _MAX_WEIGHTS // units)
    for begin in range(0, resamples, at_once):
        count = min(at_once, resamples - begin)
        drawn = random.integers(units, size=(count, units)) + units * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * units)
        yield times.reshape(count, units).astype(np.float64)
