"""Settings of the augmentation.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from typing import ClassVar

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting


class AugmentSettings(SettingsGroup):
    """Random changes to training pictures."""

    GROUP: ClassVar[str] = "augment"

    strength: float = setting(
        1.0,
        "Factor for zoom, stretch, colours and erase. 0 switches all augmentation off; otherwise "
        "the view also moves at random within the stored surplus.",
        ge=0,
        le=2,
        common=True,
    )
    flip: bool = setting(True, "Mirror half of the pictures left to right, never top to bottom.")
    zoom: float = setting(
        0.0,
        "The view's sides are multiplied by 1 - zoom to 1 + zoom and cut at the stored crop. With "
        "zoom or stretch each picture must be resized.",
        ge=0,
        le=0.5,
    )
    stretch: float = setting(
        0.0,
        "The view's aspect ratio is multiplied by 1 / (1 + stretch) to 1 + stretch.",
        ge=0,
        le=1,
    )
    brightness: float = setting(
        0.1, "Pixels are multiplied by 1 - brightness to 1 + brightness.", ge=0, le=0.5
    )
    contrast: float = setting(
        0.1,
        "Distances from mid-grey are multiplied by 1 - contrast to 1 + contrast.",
        ge=0,
        le=0.5,
    )
    saturation: float = setting(
        0.1,
        "Distances from the grey of the same lightness are multiplied by 1 - saturation to "
        "1 + saturation.",
        ge=0,
        le=0.5,
    )
    erase: float = setting(
        0.0,
        "Share of the pictures in which a rectangle of 2 to 20 % is blanked.",
        ge=0,
        le=0.5,
    )
    mixup: float = setting(
        0.0,
        "Alpha of MixUp, which blends pairs of pictures and their labels; 0 is off.",
        ge=0,
        le=10,
    )
    cutmix: float = setting(
        0.0,
        "Alpha of CutMix, which pastes a rectangle of one picture into another; 0 is off. With "
        "MixUp and CutMix on, each batch draws one of them.",
        ge=0,
        le=10,
    )

    @model_validator(mode="after")
    def _fits_when_multiplied(self) -> "AugmentSettings":
        for name in _MULTIPLIED:
            limit = 1.0 if name == "stretch" else 0.5
            if getattr(self, name) * self.strength > limit:
                raise ConfigError(
                    f"augment.{name}, also when multiplied by augment.strength, must lie in "
                    f"[0, {limit:g}]. Received: {getattr(self, name)} and "
                    f"augment.strength={self.strength}"
                )
        return self

    def scaled(self) -> "AugmentSettings":
        """Returns the same with ``strength`` multiplied in, which is then 1 or, for off, 0."""
        if not self.strength:
            off = dict.fromkeys((*_MULTIPLIED, "mixup", "cutmix"), 0.0)
            return self.replace(strength=0.0, flip=False, **off)
        products = {name: getattr(self, name) * self.strength for name in _MULTIPLIED}
        return self.replace(strength=1.0, **products)


_MULTIPLIED = ("zoom", "stretch", "brightness", "contrast", "saturation", "erase")
"""Settings that ``strength`` multiplies."""
