"""Settings of the network.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from typing import ClassVar, Final

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

IMAGENET = "imagenet"
NONE: Final = "none"
"""The values of ``ModelSettings.weights`` that are no path."""


class ModelSettings(SettingsGroup):
    """The network."""

    GROUP: ClassVar[str] = "model"

    weights: str = setting(
        IMAGENET,
        "Start weights of the backbone: imagenet (Keras' store, needs the internet), none "
        "(random), or the path or gs:// or s3:// address of a weights file that Keras can load "
        "(.h5, .weights.h5 or .keras), "
        "such as an earlier run's checkpoint.",
        common=True,
    )
    warm_start: bool = setting(
        False,
        "Start from the last blessed model of this output folder that was trained on other data. "
        "Without such a model, model.weights decides.",
        common=True,
    )
    resolution: int = setting(
        224, "Side of the square that the network sees.", ge=32, le=1024, unit="pixels", common=True
    )
    batch_norm_momentum: float = setting(
        0.99,
        "Momentum of the moving statistics of every batch norm. With Keras' 0.99 the statistics "
        "can be used after some 500 steps.",
        gt=0,
        lt=1,
    )

    drop_path: float = setting(
        0.2,
        "Share of the training examples that pass by the deepest block (drop path, also called "
        "stochastic depth); in the blocks before it the share rises to this from 0.",
        ge=0,
        le=0.9,
    )
    head_dropout: float = setting(
        0.0, "Share of the features that are left out before the head in training.", ge=0, le=0.9
    )

    @model_validator(mode="after")
    def _names_weights(self) -> "ModelSettings":
        if not self.weights:
            raise ConfigError("model.weights must not be empty. Received: ''")
        return self
