"""Calibration and certainty of a model's answers."""

from typing import TypedDict

from schemas.documents.intervals import Interval
from schemas.documents.training import FittedOn


class ReliabilityBin(TypedDict):
    """Predictions whose confidence lies in (low, high]."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


class MoodCalibration(TypedDict):
    """How far the probabilities of one mood are from its share of the rows.

    Attributes:
      ece: expected calibration error of this mood's probabilities, whether it is the likeliest or
        not: the mean over the rows of |share - mean probability| of the probability's bin.
      mean_probability: over all rows.
      share: of the rows whose true mood it is; a higher mean probability claims the mood too often.
    """

    ece: float
    mean_probability: float
    share: float


class Calibration(TypedDict):
    """The model's calibration.

    Attributes:
      temperature: that is in the model; 1 without one.
      fitted_on: rows that it and ``Unsure.threshold`` were chosen on.
      per_mood: class-wise calibration.
    """

    temperature: float
    fitted_on: FittedOn
    per_mood: dict[str, MoodCalibration]


class RiskCoveragePoint(TypedDict):
    """What holds if all answers below a probability are unsure.

    Attributes:
      coverage: share of the rows whose answer is sure.
      risk: share of these whose answer is wrong.
      threshold: the probability.
    """

    coverage: float
    risk: float
    threshold: float


class Unsure(TypedDict):
    """The model's unsure answers on the scored rows.

    Attributes:
      threshold: ``unsure_below`` of the servable; 0 where no answer is unsure, above 1 where all
        are.
      share: of the rows whose answer is unsure.
      accuracy: of the sure answers; None where there are none.
      unsure_accuracy: of the unsure answers; likewise.
      intervals: of ``share``, ``accuracy`` and ``unsure_accuracy``.
    """

    threshold: float
    share: float
    accuracy: float | None
    unsure_accuracy: float | None
    intervals: dict[str, Interval]
