"""Settings of the drawn sample: how many clips of which mood, how large, and the counts.

Nothing is drawn here; what the faulty rows add to the counts is in ``faults``.
"""

from typing import ClassVar

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from schemas.settings import SettingsGroup, setting
from schemas.splits import EVAL, TRAIN, VALIDATION

CAT, DOG = "CAT", "DOG"
SPECIES_NAMES = (CAT, DOG)
"""Values of the species column, as AI Hub spells them."""


class SampleSettings(SettingsGroup):
    """The drawn sample. Equal settings give equal files.

    The default has the real set's imbalance in small: 65 train clips (520 frames) and
    20 eval clips (160 frames), the rarest mood having three and two. Species take turns within a
    mood; half of the clips are landscape, half portrait.
    """

    GROUP: ClassVar[str] = "sample"

    seed: int = setting(7, "Seed of everything drawn.", ge=0)
    train_clips: tuple[int, ...] = setting(
        (6, 3, 14, 31, 7, 4), "Train clips of each mood, in the order of DEFAULT_MOODS."
    )
    eval_clips: tuple[int, ...] = setting(
        (2, 2, 4, 8, 2, 2), "Eval clips of each mood, in the order of DEFAULT_MOODS."
    )
    validation_clips: tuple[int, ...] = setting(
        (0, 0, 0, 0, 0, 0),
        "Validation clips of each mood, in the order of DEFAULT_MOODS. All 0 draws no third CSV.",
    )
    frames_per_clip: int = setting(8, "Frames of a clip, 200 ms apart.", ge=1, unit="frames")
    long_side: int = setting(1280, "Longer side of a frame.", ge=64, le=8192, unit="pixels")
    short_side: int = setting(720, "Shorter side of a frame.", ge=64, le=8192, unit="pixels")
    jpeg_quality: int = setting(88, "JPEG quality of the frames.", ge=50, le=100)
    with_faults: bool = setting(
        True,
        "Give the train CSV one row of each fault, one of each oddity that must be used, a byte "
        "order mark and CRLF line ends.",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "SampleSettings":
        for name in ("train_clips", "eval_clips"):
            if not _is_count(getattr(self, name)):
                raise ConfigError(
                    f"sample.{name} must be {len(DEFAULT_MOODS)} counts, not all 0. "
                    f"Received: {getattr(self, name)}"
                )
        if self.validation_clips != (0,) * len(DEFAULT_MOODS) and not _is_count(
            self.validation_clips
        ):
            raise ConfigError(
                f"sample.validation_clips must be {len(DEFAULT_MOODS)} counts. "
                f"Received: {self.validation_clips}"
            )
        if self.short_side > self.long_side:
            raise ConfigError(
                f"sample.short_side must lie in 64..long_side. Received: {self.short_side} and "
                f"long_side={self.long_side}"
            )
        return self

    def clips(self, split: str) -> tuple[int, ...]:
        """Returns the clips of each mood in ``split``, in the order of ``DEFAULT_MOODS``."""
        return {
            TRAIN: self.train_clips,
            EVAL: self.eval_clips,
            VALIDATION: self.validation_clips,
        }[split]


def _is_count(clips: tuple[int, ...]) -> bool:
    return len(clips) == len(DEFAULT_MOODS) and min(clips) >= 0 and sum(clips) > 0


THREE_SPLITS = SampleSettings(validation_clips=(2, 2, 4, 8, 2, 2))
"""The default with a third CSV as large as eval's; the frames of the other two are the same."""
