"""How often each mood really is, from how often it is predicted.

If photos of a mood look as before and only their shares have changed (label shift), the shares
follow from the predictions and the confusion matrix: Zachary Lipton et al., "Detecting and
Correcting for Label Shift with Black Box Predictors" (ICML 2018, arXiv:1802.03916). A second
estimate uses the probabilities: Marco Saerens et al., "Adjusting the Outputs of a Classifier to New
a Priori Probabilities" (Neural Computation 14, 2002).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

from dataset.scores import f1s, macro_f1

Array = npt.NDArray[np.float64]
_EM_ROUNDS, _EM_END = 1000, 1e-7
_DRAWS = 200


class Shift(NamedTuple):
    """Estimated shares of moods, and the scores that follow.

    Attributes:
      prior: float64[k], sum 1.
      interval: float64[2, k], 95 %.
      f1: float64[k], 0 for a mood without rows.
      macro_f1: mean over the moods with rows.
      macro_f1_interval: (low, high), 95 %.
    """

    prior: Array
    interval: Array
    f1: Array
    macro_f1: float
    macro_f1_interval: tuple[float, float]


def estimated_prior(confusion: Array, predicted: Array) -> Array:
    """Returns the shares of true moods that explain the predictions best, float64[k].

    Least squares over shares that are not negative and add up to 1. A mood without eval rows keeps
    the share 0.

    Args:
      confusion: float64[k, k], eval rows by true (row) and predicted mood (column).
      predicted: float64[k], requests by predicted mood.
    """
    rates = _rates(confusion)
    shares = predicted / max(predicted.sum(), 1)
    # The last equation, the sum, has so much weight that it holds.
    weight = 1e3
    matrix = np.vstack([rates.T, weight * (confusion.sum(1) > 0)])
    solution, _ = optimize.nnls(matrix, np.append(shares, weight))
    found: Array = solution / max(solution.sum(), 1e-12)
    return found


def estimated_macro_f1(confusion: Array, predicted: Array) -> float:
    """Returns macro-F1 with the shares of true moods that ``estimated_prior`` finds."""
    prior = estimated_prior(confusion, predicted)
    return float(macro_f1(prior[:, None] * _rates(confusion)))


def estimated_prior_em(probabilities: Array, prior: Array) -> Array:
    """Returns the same by expectation maximisation.

    Args:
      probabilities: float64[n, k] of the requests, calibrated.
      prior: float64[k], shares of the true moods in the eval split; a mood with 0 keeps it.
    """
    current = prior.copy()
    safe = np.where(prior > 0, prior, 1)
    for _ in range(_EM_ROUNDS):
        weighted = probabilities * (current / safe)
        weighted /= np.maximum(weighted.sum(1, keepdims=True), 1e-12)
        following: Array = weighted.mean(0)
        following /= max(following.sum(), 1e-12)
        if np.abs(following - current).max() < _EM_END:
            return following
        current = following
    return current


def shift(confusion: Array, predicted: Array, rng: np.random.Generator) -> Shift:
    """Returns the estimate with intervals; requests and eval rows are drawn again for them.

    Args:
      confusion: as of ``estimated_prior``.
      predicted: as of ``estimated_prior``, at least one request.
      rng: draws.
    """
    prior = estimated_prior(confusion, predicted)
    joint = prior[:, None] * _rates(confusion)
    total, count = int(confusion.sum()), int(predicted.sum())
    priors, scores = [], []
    for _ in range(_DRAWS):
        drawn = rng.multinomial(total, (confusion / total).ravel()).reshape(confusion.shape)
        drawn_predicted = rng.multinomial(count, predicted / count)
        each = estimated_prior(drawn.astype(float), drawn_predicted.astype(float))
        priors.append(each)
        scores.append(macro_f1(each[:, None] * _rates(drawn.astype(float))))
    low, high = np.nanpercentile(scores, [2.5, 97.5])
    return Shift(
        prior,
        np.percentile(priors, [2.5, 97.5], axis=0),
        f1s(joint),
        float(macro_f1(joint)),
        (float(low), float(high)),
    )


def _rates(confusion: Array) -> Array:
    """Returns P(predicted | true), float64[k, k]; 0 in the row of a mood without rows."""
    rates: Array = confusion / np.maximum(confusion.sum(1, keepdims=True), 1e-12)
    return rates
