"""Settings of how long a training is, and of how many examples a step takes."""

from typing import ClassVar

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting


class LengthSettings(SettingsGroup):
    """The length of the training, the first of its settings."""

    GROUP: ClassVar[str] = "train"

    epochs: int = setting(
        20,
        "Length of the training in epochs, over which cosine spreads. train.steps or train.minutes "
        "take its place.",
        ge=1,
        unit="epochs",
        common=True,
    )
    steps: int = setting(0, "Length of the training in steps. 0 is off.", ge=0, unit="steps")
    minutes: float = setting(
        0.0,
        "Length of the training in minutes, validation included. The first steps are measured, and "
        "the training gets as many as fit, the schedule with its annealing. A training that is "
        "killed and repeated keeps that number. 0 is off.",
        ge=0,
        unit="minutes",
        common=True,
    )
    steps_per_epoch: int = setting(
        0,
        "Length of an epoch. 0 is one pass over the training split, or over the frames of "
        "train.frames_per_clip.",
        ge=0,
        unit="steps",
    )
    batch_size: int = setting(
        64, "Examples a step, on all devices together.", ge=1, unit="examples", common=True
    )
    device_batch_size: int = setting(
        0,
        "Examples a step on each device. The step then has this number times the devices, and "
        "train.learning_rate, which is that of train.batch_size, grows by the square root of the "
        "ratio. 0 divides train.batch_size among the devices.",
        ge=0,
        unit="examples",
    )

    @model_validator(mode="after")
    def _has_one_length(self) -> "LengthSettings":
        if self.steps and self.minutes:
            raise ConfigError(
                "The training has one length: train.steps or train.minutes must be 0. Received: "
                f"{self.steps} and {self.minutes}"
            )
        return self
