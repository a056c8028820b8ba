"""The expected calibration error: how far a model's probabilities are from its accuracy.

Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Weinberger, "On Calibration of Modern Neural
Networks", 2017: predictions are put into bins by the probability of the likeliest mood (the
confidence), and in each bin the mean confidence is compared with the accuracy.
"""

import numpy as np
import numpy.typing as npt

from schemas.documents.certainty import ReliabilityBin

BINS = 15
"""As in the paper; bin m of 1..15 holds confidences in ((m - 1) / 15, m / 15]."""

COUNT, CONFIDENCE, CORRECT = range(3)
"""Along the last axis of ``Bins``: number of predictions, sum of confidences, correct ones."""

Bins = npt.NDArray[np.float64]
"""float64[..., BINS, 3]."""


def bin_of(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Returns the bins, int64[n] from 0, of confidences float64[n] in [0, 1]."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def error(bins: Bins) -> npt.NDArray[np.float64]:
    """Returns the expected calibration error, float64[...] in [0, 1]; 0 without predictions.

    It is the mean over predictions of |accuracy - mean confidence| of the prediction's bin.
    """
    gap = np.abs(bins[..., CORRECT] - bins[..., CONFIDENCE]).sum(axis=-1)
    count = bins[..., COUNT].sum(axis=-1)
    return np.divide(gap, count, out=np.zeros(np.shape(gap)), where=count > 0)


def reliability(bins: Bins) -> list[ReliabilityBin]:
    """Returns the points of a reliability diagram: the bins that hold predictions.

    Args:
      bins: float64[BINS, 3].
    """
    return [
        {
            "low": index / BINS,
            "high": (index + 1) / BINS,
            "rows": int(count),
            "confidence": float(confidence / count),
            "accuracy": float(correct / count),
        }
        for index, (count, confidence, correct) in enumerate(bins)
        if count
    ]
