"""Settings of the drawn sample: how many clips of which mood, how large, and the counts.

Nothing is drawn here; what the faulty rows add to the counts is in ``faults``.
"""

from dataclasses import dataclass

from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS

CAT, DOG = "CAT", "DOG"
SPECIES_NAMES = (CAT, DOG)
"""Values of the species column, as AI Hub spells them."""

TRAIN, EVAL = "train", "eval"


@dataclass(frozen=True)
class SampleSettings:
    """What is drawn. Equal settings give equal files.

    The default has the real set's imbalance in small: 65 train clips (520 frames) and
    20 eval clips (160 frames), the rarest mood having three and two.

    Attributes:
      seed: of everything drawn, >= 0.
      train_clips, eval_clips: clips of each mood, in the order of ``DEFAULT_MOODS``; at
        least one clip a split. Species take turns within a mood.
      frames_per_clip: frames 200 ms apart, >= 1.
      long_side, short_side: of a frame, pixels, 64 <= short_side <= long_side <= 8192;
        half the clips are landscape, half portrait.
      jpeg_quality: 50..100.
      with_faults: whether the train CSV also has one row of each fault, one of each oddity
        that must be used, a byte order mark and CRLF line ends.
    """

    seed: int = 7
    train_clips: tuple[int, ...] = (6, 3, 14, 31, 7, 4)
    eval_clips: tuple[int, ...] = (2, 2, 4, 8, 2, 2)
    frames_per_clip: int = 8
    long_side: int = 1280
    short_side: int = 720
    jpeg_quality: int = 88
    with_faults: bool = True

    def __post_init__(self) -> None:
        moods = len(DEFAULT_MOODS)
        rules = (
            (self.seed >= 0, "seed must be at least 0"),
            (_is_count(self.train_clips), f"train_clips must be {moods} counts, not all 0"),
            (_is_count(self.eval_clips), f"eval_clips must be {moods} counts, not all 0"),
            (self.frames_per_clip >= 1, "frames_per_clip must be at least 1"),
            (self.long_side <= 8192, "long_side must be at most 8192"),
            (
                64 <= self.short_side <= self.long_side,
                "short_side must lie in 64..long_side",
            ),
            (50 <= self.jpeg_quality <= 100, "jpeg_quality must lie in 50..100"),
        )
        for holds, rule in rules:
            if not holds:
                name = rule.split()[0]
                raise ConfigError(f"sample.{rule}. Received: {getattr(self, name)!r}")

    def clips(self, split: str) -> tuple[int, ...]:
        """Returns the clips of each mood in ``split``, in the order of ``DEFAULT_MOODS``."""
        return {TRAIN: self.train_clips, EVAL: self.eval_clips}[split]


def _is_count(clips: tuple[int, ...]) -> bool:
    return len(clips) == len(DEFAULT_MOODS) and min(clips) >= 0 and sum(clips) > 0
