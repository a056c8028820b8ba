"""Limits that the validators hold a run's data to."""

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


@dataclass(frozen=True)
class LeakLimits:
    """What may be both in train and in eval, where an error stops the run above it.

    Attributes:
      max_clips, max_groups: clips, and animals, that both splits may have, at least 0.
      max_picture_share: share of the eval frames that may nearly equal a train frame, [0, 1].
        No share of right answers can rise by more than this through them; at two million
        frames some tens of pictures are alike by chance.
      hash_distance: two pictures are nearly equal where their perceptual hashes differ in at
        most this many of 64 bits, 0..8. A copy that was saved anew or resized differs in up
        to 4.
      colour_tolerance: and where each channel of their mean colours differs by at most this
        much, 0..255.
    """

    max_clips: int = 0
    max_groups: int = 0
    max_picture_share: float = 0.001
    hash_distance: int = 4
    colour_tolerance: int = 4

    def __post_init__(self) -> None:
        for name in ("max_clips", "max_groups"):
            value = getattr(self, name)
            _check(value >= 0, f"leak.{name} must be at least 0", value)
        _check(
            0 <= self.max_picture_share <= 1,
            "leak.max_picture_share must lie in [0, 1]",
            self.max_picture_share,
        )
        _check(
            # dataset.leaks.MAX_DISTANCE, which would load numpy for a command's --help.
            0 <= self.hash_distance <= 8,
            "leak.hash_distance must lie in 0..8",
            self.hash_distance,
        )
        _check(
            0 <= self.colour_tolerance <= 255,
            "leak.colour_tolerance must lie in 0..255",
            self.colour_tolerance,
        )
