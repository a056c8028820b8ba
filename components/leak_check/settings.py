"""Settings of the LeakCheck. They refuse nonsense on construction."""

from dataclasses import dataclass

from schemas.errors import ConfigError


def _check(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise ConfigError(f"{rule}. Received: {received!r}")


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
