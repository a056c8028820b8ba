"""Temperature scaling: it makes the probabilities equal to the shares of right predictions.

Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Weinberger, "On Calibration of Modern Neural Networks",
2017, section 4.2: all logits are divided by one number, the temperature, for which the negative
log-likelihood on held-out examples is lowest. No predicted mood changes, only its probability.
"""

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

LOWEST, HIGHEST = 0.05, 20.0
"""Range of the temperature."""

_EPSILON = 1e-30
"""Lowest probability: 0 has no logarithm."""

Probabilities = npt.NDArray[np.float32]
"""float32[n, k] of the network. Their logarithms are its logits, but for a constant in each row."""


def fit(probabilities: Probabilities, label_indices: npt.NDArray[np.int64]) -> float:
    """Returns the temperature, in [``LOWEST``, ``HIGHEST``].

    Args:
      probabilities: of the network.
      label_indices: int64[n], of the true moods.
    """
    logits = _logits(probabilities)

    def loss_at(log_temperature: float) -> float:
        return _loss(logits, label_indices, float(np.exp(log_temperature)))

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(optimize.minimize_scalar(loss_at, bounds=bounds, method="bounded").x))


def loss(
    probabilities: Probabilities, label_indices: npt.NDArray[np.int64], temperature: float
) -> float:
    """Returns the mean negative log-likelihood at a temperature; for arguments see ``fit``."""
    return _loss(_logits(probabilities), label_indices, temperature)


def scaled(probabilities: Probabilities, temperature: float) -> npt.NDArray[np.float64]:
    """Returns the probabilities at a temperature, float64[n, k]."""
    if temperature == 1:
        return probabilities.astype(np.float64)
    return special.softmax(_logits(probabilities) / temperature, axis=1)


def _logits(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), _EPSILON))


def _loss(
    logits: npt.NDArray[np.float64], label_indices: npt.NDArray[np.int64], temperature: float
) -> float:
    log_probabilities = special.log_softmax(logits / temperature, axis=1)
    return float(-log_probabilities[np.arange(len(label_indices)), label_indices].mean())
