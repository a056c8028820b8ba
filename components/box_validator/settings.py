"""Settings of the BoxValidator. They refuse nonsense on construction."""

from dataclasses import dataclass

from schemas.errors import ConfigError


def _check(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise ConfigError(f"{rule}. Received: {received!r}")


@dataclass(frozen=True)
class ValidationLimits:
    """Limits of the BoxValidator.

    Attributes:
      max_label_shift: largest difference of a mood's share between train and eval, [0, 1].
        AI Hub's own split has 0.05.
      max_box_shift: largest difference of a box column's mean between train and eval, in
        standard deviations of train.
      shift_is_error: whether a difference above these stops the run or is only reported.
      min_area, max_aspect: a box below this share of the photo, or more than this many times
        as wide as high (or as high as wide), is an anomaly of the column.
    """

    max_label_shift: float = 0.2
    max_box_shift: float = 1.0
    shift_is_error: bool = False
    min_area: float = 0.0002
    max_aspect: float = 20.0

    def __post_init__(self) -> None:
        _check(
            0 <= self.max_label_shift <= 1,
            "validate.max_label_shift must lie in [0, 1]",
            self.max_label_shift,
        )
        _check(self.max_box_shift > 0, "validate.max_box_shift must be above 0", self.max_box_shift)
        _check(0 <= self.min_area < 1, "validate.min_area must lie in [0, 1)", self.min_area)
        _check(self.max_aspect >= 1, "validate.max_aspect must be at least 1", self.max_aspect)
