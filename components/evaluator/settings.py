"""Settings of the Evaluator. They refuse nonsense on construction."""

from dataclasses import dataclass

from schemas.errors import ConfigError


@dataclass(frozen=True)
class EvaluateSettings:
    """What a model must reach to be blessed, and how it is measured.

    Attributes:
      min_gain: the lower end of the 95 % interval of its macro-F1 above that of always
        answering the commonest mood must reach this, (0, 1].
      max_loss: macro-F1 that may be lost against the last blessed model, and F1 on a mood
        and macro-F1 on a species beyond the 95 % interval, [0, 1].
      max_calibration_error: of the probabilities, (0, 1]: by how much the share of right
        answers and the probability given to them differ, on average.
      calibrate: divide the model's logits by a temperature before it is exported, fitted by
        the Trainer on half of the eval clips; the model is then judged by the other half.
      compare_with: folder of another servable (a pushed version) whose answers to the same
        rows are put beside; it has no part in the blessing. Empty is none.
      resamples: draws of the clips that the 95 % intervals are taken from, at least 100.
      seed: of these draws.
    """

    min_gain: float = 0.05
    max_loss: float = 0.0
    max_calibration_error: float = 0.25
    calibrate: bool = False
    compare_with: str = ""
    resamples: int = 2000
    seed: int = 17

    def __post_init__(self) -> None:
        for holds, rule in (
            (0 < self.min_gain <= 1, "min_gain must lie in (0, 1]"),
            (0 <= self.max_loss <= 1, "max_loss must lie in [0, 1]"),
            (0 < self.max_calibration_error <= 1, "max_calibration_error must lie in (0, 1]"),
            (self.resamples >= 100, "resamples must be at least 100"),
            (0 <= self.seed < 2**31, "seed must lie in 0..2**31 - 1"),
        ):
            if not holds:
                received = getattr(self, rule.split()[0])
                raise ConfigError(f"evaluate.{rule}. Received: {received!r}")
