"""95 % intervals by drawing clips anew: the percentile bootstrap over clusters.

Frames of a clip are near copies, so that resampling frames would promise far too narrow
intervals. Whole clips are drawn with replacement, as many as there are, and a score is computed
anew from what the drawn clips counted. (Bradley Efron and Robert Tibshirani, "An Introduction to
the Bootstrap", 1993, chapter 13; by clusters: A. C. Davison and D. V. Hinkley, "Bootstrap Methods
and their Application", 1997, section 3.8.)

What is drawn are counts of clips, never frames: memory and time do not depend on the frames.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TAIL = 0.025
"""Share of the draws beyond each end of a 95 % interval."""

_MOST_WEIGHTS = 1 << 20
"""Of draws x clips, that are in memory at a time: 8 MiB."""


def resampled(
    parts: Sequence[Array], score: Callable[..., Array], resamples: int, seed: int
) -> Array:
    """Returns a score on ``resamples`` draws of the clips.

    Args:
      parts: float64[clips, ...] each: what every clip adds to each of the sums that the score is
        computed from. All see the same draws, so that the difference of two models' scores is a
        paired one.
      score: of sums float64[draws, ...], one argument a part, to float64[draws, ...].
      resamples: number of draws.
      seed: of the draws.

    Returns:
      float64[resamples, ...].
    """
    flat = [part.reshape(len(part), -1) for part in parts]
    return np.concatenate(
        [
            score(
                *(
                    (drawn @ one).reshape(len(drawn), *part.shape[1:])
                    for one, part in zip(flat, parts, strict=True)
                )
            )
            for drawn in _draws(len(parts[0]), resamples, seed)
        ]
    )


def interval(draws: Array, tail: float = TAIL) -> Array:
    """Returns float64[2, ...]: the percentiles that leave ``tail`` of the draws outside."""
    return np.quantile(draws, [tail, 1 - tail], axis=0)


def _draws(clips: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yields, some draws at a time, how often each clip was drawn: float64[draws, clips]."""
    random = np.random.default_rng(seed)
    at_once = max(1, _MOST_WEIGHTS // clips)
    for begin in range(0, resamples, at_once):
        count = min(at_once, resamples - begin)
        drawn = random.integers(clips, size=(count, clips)) + clips * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * clips)
        yield times.reshape(count, clips).astype(np.float64)
