"""Measurement of a step config, and whether its arithmetic is sound."""

import dataclasses
import math

from models.training.precision_trial import Result
from models.training.step_config import StepConfig
from schemas.documents.training import MeasurementRecord

_LOSS_TOLERANCE = 0.05
"""Share by which a loss may differ from float32's."""
_LEAST_COSINE = 0.9
"""Of the angle between a gradient and that of float32. Noise of rounding alone, with 8 bits in
bfloat16, leaves 0.97; docs/decisions/0027-precision-trials.md has the figures."""
_GRADIENT_TOLERANCE = 0.2
"""Share by which a gradient's length may differ."""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Measurement of one step config.

    Attributes:
      config: the step config.
      seconds: median time of a batch, forward and backward; NaN if there is none.
      loss: of the batch; NaN if there is none.
      gradient_cosine: of the angle between its gradient and the first config's; NaN if there is
        none.
      failure: reason why the config cannot be used; empty if it can.
    """

    config: StepConfig
    seconds: float
    loss: float
    gradient_cosine: float
    failure: str = ""


def judged(config: StepConfig, result: Result, first_loss: float) -> Measurement:
    """Returns the measurement of a trial that ended, with a failure if it is not sound."""
    return Measurement(
        config,
        seconds=number_of(result["seconds"]),
        loss=number_of(result["loss"]),
        gradient_cosine=number_of(result["gradient_cosine"]),
        failure=result["failure"] or failure_of(result, first_loss),
    )


def failure_of(result: Result, first_loss: float) -> str:
    """Returns why a result cannot be that of sound arithmetic, in words, or "".

    Args:
      result: of a trial that ended.
      first_loss: loss of the first config.
    """
    loss, cosine = number_of(result["loss"]), number_of(result["gradient_cosine"])
    length = number_of(result["gradient_length"])
    if not all(map(math.isfinite, (loss, cosine, length))):
        return f"the loss is {loss}, and the gradient {length} times as long as that of float32"
    if abs(loss - first_loss) > _LOSS_TOLERANCE * abs(first_loss):
        return f"the loss is {loss:.4f} and not {first_loss:.4f}"
    if cosine < _LEAST_COSINE:
        return f"the gradient's direction has a cosine of {cosine:.3f} with that of float32"
    if abs(length - 1) > _GRADIENT_TOLERANCE:
        return f"the gradient is {length:.3f} times as long as that of float32"
    return ""


def failed(config: StepConfig, failure: str) -> Measurement:
    """Returns the measurement of a trial that has no result."""
    return Measurement(config, math.nan, math.nan, math.nan, failure)


def number_of(value: float | None) -> float:
    """Returns a number of a document, where NaN is None."""
    return math.nan if value is None else float(value)


def outcome(measurement: Measurement) -> str:
    """Returns the time or the failure, for a person."""
    return measurement.failure or f"{1000 * measurement.seconds:.1f} ms a batch"


def record_of(measurement: Measurement) -> MeasurementRecord:
    """Returns the measurement as a document keeps it."""

    def or_none(value: float) -> float | None:
        return value if math.isfinite(value) else None  # JSON has no NaN.

    return MeasurementRecord(
        precision=measurement.config.precision,
        xla=measurement.config.xla,
        ms_per_step=or_none(1000 * measurement.seconds),
        loss=or_none(measurement.loss),
        gradient_cosine=or_none(measurement.gradient_cosine),
        failure=measurement.failure,
    )
