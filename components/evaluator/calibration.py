"""How far a model's probabilities can be believed: the expected calibration error.

Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Weinberger, "On Calibration of Modern Neural
Networks", 2017: answers are put into bins by their probability (the confidence), and in each bin
the mean confidence is compared with the share of right answers.
"""

import numpy as np
import numpy.typing as npt

BINS = 15
"""As in the paper; bin m of 1..15 holds confidences in ((m - 1) / 15, m / 15]."""

COUNT, CONFIDENCE, RIGHT = range(3)
"""Along the last axis of ``Bins``: number of answers, sum of confidences, right answers."""

Bins = npt.NDArray[np.float64]
"""float64[..., BINS, 3]."""


def bin_of(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Returns the bins, int64[n] from 0, of confidences float64[n] in [0, 1]."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def error(bins: Bins) -> npt.NDArray[np.float64]:
    """Returns the expected calibration error, float64[...] in [0, 1]; 0 without answers.

    It is the mean over answers of |share right - mean confidence| of the answer's bin.
    """
    gap = np.abs(bins[..., RIGHT] - bins[..., CONFIDENCE]).sum(axis=-1)
    count = bins[..., COUNT].sum(axis=-1)
    return np.divide(gap, count, out=np.zeros(np.shape(gap)), where=count > 0)


def reliability(bins: Bins) -> list[dict[str, float]]:
    """Returns, of bins float64[BINS, 3], those that hold answers: what a diagram shows.

    Returns:
      ``low`` and ``high`` end of each bin, number of ``rows``, mean ``confidence`` and
      ``accuracy``.
    """
    return [
        {
            "low": place / BINS,
            "high": (place + 1) / BINS,
            "rows": int(count),
            "confidence": float(confidence / count),
            "accuracy": float(right / count),
        }
        for place, (count, confidence, right) in enumerate(bins)
        if count
    ]
