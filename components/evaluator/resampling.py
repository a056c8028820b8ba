"""95 % intervals by resampling clips: the percentile bootstrap over clusters.

Frames of a clip are near copies, so that resampling frames would give far too narrow intervals.
Whole clips are drawn with replacement, as many as there are, and a score is computed from the
counts of the drawn clips. (Bradley Efron and Robert Tibshirani, "An Introduction to the
Bootstrap", 1993, chapter 13; by clusters: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and
their Application", 1997, section 3.8.)

Only counts of clips are drawn, never frames: memory and time do not depend on the frames.
"""

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
    """Returns a score on ``resamples`` draws of the resampling units (clips, or pools of them).

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
    """Returns float64[2, ...]: the percentiles that leave ``tail`` of the draws outside."""
    return np.quantile(draws, [tail, 1 - tail], axis=0)


def _draws(units: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yields how often each unit was drawn, some draws at a time: float64[draws, units]."""
    random = np.random.default_rng(seed)
    at_once = max(1, _MAX_WEIGHTS // units)
    for begin in range(0, resamples, at_once):
        count = min(at_once, resamples - begin)
        drawn = random.integers(units, size=(count, units)) + units * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * units)
        yield times.reshape(count, units).astype(np.float64)
