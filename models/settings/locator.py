"""Settings of the locator, which finds the animal where a photo comes without a box.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from typing import ClassVar

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

_COARSEST = 32


def stride_of(stages: int) -> int:
    """Returns the pixels for each cell of a map, along an axis, of a locator of so many stages."""
    return 8 if stages == 3 else 16


class LocateSettings(SettingsGroup):
    """The locator, which finds the animal where a photo comes without a box."""

    GROUP: ClassVar[str] = "locate"

    enabled: bool = setting(
        False,
        "Train a locator and put it into the servable, so that a photo is enough. Without one the "
        "servable takes a photo without a box for the animal, and warns of it.",
        common=True,
    )
    weights: str = setting(
        "",
        "Start weights of the locator's backbone, by the same values as model.weights. An empty "
        "text takes those of model.weights.",
    )
    resolution: int = setting(
        192,
        "Side of the square that the locator sees a whole photo in; a multiple of 32.",
        ge=64,
        le=1024,
        unit="pixels",
    )
    stages: int = setting(
        6,
        "Stages of EfficientNetB0 that the locator has, of seven. Fewer cost less, and are enough "
        "for drawings. A cell of its map has 16 pixels a side, or 8 with three stages.",
        ge=3,
        le=6,
    )
    frames_per_clip: int = setting(
        1,
        "Frames of each clip that are stored whole and small beside the crops, spread evenly over "
        "it. A photo without a clip is one of its own, and is always stored.",
        ge=1,
        unit="frames",
    )
    max_scenes: int = setting(
        20_000, "Stored frames that the locator learns from, at most; a random choice.", ge=1
    )
    judged_scenes: int = setting(
        2_000,
        "Stored frames of the eval split on which the locator and the answers with given boxes, "
        "found boxes and whole pictures are judged, at most; spread evenly over the split.",
        ge=1,
    )
    judged_side: int = setting(
        640,
        "Longer side of the stored frames of the eval split. They are larger than those that are "
        "learnt from, so that the box that is found can be cut out and its mood told.",
        ge=64,
        le=4096,
        unit="pixels",
    )
    epochs: int = setting(12, "Passes over the stored frames.", ge=1)
    min_steps: int = setting(
        600, "Batches of the training at least, whatever the epochs.", ge=1, unit="batches"
    )
    batch_size: int = setting(16, "Pictures of a step.", ge=1, unit="pictures")
    learning_rate: float = setting(2e-3, "Peak learning rate of AdamW.", gt=0, le=1)
    weight_decay: float = setting(0.05, "Weight decay of AdamW; 0 is none.", ge=0, le=1)
    negatives: float = setting(
        0.25,
        "Share of the training's pictures that show no animal: background beside the boxes, "
        "photos whose boxes are painted over, and textures.",
        ge=0,
        lt=1,
    )
    seed: int = setting(1, "Seed of the order, of the changes to pictures and of weights.", ge=0)
    min_score: float = setting(
        0.4,
        "Score from which on a place counts as an animal. A photo whose best place scores less "
        "gets the status no_animal.",
        ge=0,
        le=1,
    )
    min_iou: float = setting(
        0.5,
        "Intersection over union from which on an animal of a label counts as found.",
        gt=0,
        lt=1,
    )
    min_found: float = setting(
        0.6,
        "Least share of the animals of the eval split that must be found. A locator below it is "
        "left out of the servable, and the run says so. 0 lets every locator pass.",
        ge=0,
        le=1,
    )
    max_false: float = setting(
        0.2,
        "Largest share of pictures without an animal on which the locator may find one. A locator "
        "above it is left out as well. 1 lets every locator pass.",
        ge=0,
        le=1,
    )

    @model_validator(mode="after")
    def _resolution_fits_the_network(self) -> "LocateSettings":
        if self.resolution % _COARSEST:
            raise ConfigError(
                f"locate.resolution must be a multiple of {_COARSEST}. Received: {self.resolution}"
            )
        return self

    @property
    def scene_side(self) -> int:
        """Longer side of the stored frames that are learnt from, pixels.

        Twice what the network sees: so an animal that fills half of a side loses nothing by being
        enlarged for a second look.
        """
        return 2 * self.resolution
