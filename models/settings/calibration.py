"""What the Trainer is told of calibration and of the threshold of unsure answers."""

from dataclasses import dataclass
from typing import Literal

Calibrate = Literal["auto", "true", "false"]


@dataclass(frozen=True)
class CalibrationConfig:
    """The settings of ``EvaluateSettings`` that the Trainer needs.

    Attributes:
      calibrate: whether to fit a temperature.
      target_accuracy: accuracy that the sure answers shall have, [0, 1); 0 is off.
      coverage: share of the answers that shall be sure, [0, 1]; 0 is off.
    """

    calibrate: Calibrate = "false"
    target_accuracy: float = 0.0
    coverage: float = 0.0

    @property
    def needs_rows(self) -> bool:
        """Whether anything is to be fitted."""
        return self.calibrate != "false" or bool(self.target_accuracy or self.coverage)
