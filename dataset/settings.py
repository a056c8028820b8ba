"""Settings of the ingest: how a row is read, checked, cropped and stored."""

from typing import ClassVar

from pydantic import model_validator

from dataset.boxes import MAX_OVERHANG
from schemas import limits
from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

_PILLOWS_LIMIT = 178_956_970
"""Pixels above which Pillow refuses a photo, whatever our own limit is."""


class DataSettings(SettingsGroup):
    """The ingest: reading, checking and cropping each row of the CSVs."""

    GROUP: ClassVar[str] = "data"

    box_margin: float = setting(
        0.05,
        "Share of a box's side by which it is widened on each side; the result, cut at the photo's "
        "edges, is the view that the network sees.",
        ge=0,
        le=1,
    )
    box_overhang: float = setting(
        0.05,
        "Share of a box's side that may lie outside of the photo, both edges together. Such a box "
        "is clipped and counted, in training and in the servable; others are refused.",
        ge=0,
        le=MAX_OVERHANG,
    )
    surplus: float = setting(
        0.143,
        "Width of what is stored around the view for random crops in training, all sides together, "
        "as a share of the view's side. 1/7 stores 256 pixels for 224.",
        ge=0,
        le=1,
    )
    jpeg_quality: int = setting(95, "JPEG quality of the stored crops.", ge=50, le=100)
    min_box_side: int = setting(
        16, "Shortest side of a box; smaller boxes are refused.", ge=1, unit="pixels"
    )
    max_image_pixels: int = setting(
        limits.MAX_IMAGE_PIXELS,
        "Largest photo; larger ones are refused before they are decoded. The servable and the "
        "client keep to the default.",
        ge=1,
        le=_PILLOWS_LIMIT,
        unit="pixels",
    )
    max_image_bytes: int = setting(
        limits.MAX_IMAGE_BYTES,
        "Longest file of a photo; longer ones are refused before they are read. The servable and "
        "the client keep to the default.",
        ge=1,
        le=2**30,
        unit="bytes",
    )
    stay_below_root: bool = setting(
        False,
        "Refuse rows whose photo does not lie below --image-root, links followed: for CSVs of "
        "strangers, whose paths may name any photo that this user can read.",
    )
    min_brightness: float = setting(
        0.0,
        "Lowest mean grey level of a view; darker rows are refused. 0 refuses none.",
        ge=0,
        le=1,
    )
    max_brightness: float = setting(
        1.0,
        "Highest mean grey level of a view; brighter rows are refused. 1 refuses none.",
        gt=0,
        le=1,
    )
    min_contrast: float = setting(
        0.0,
        "Lowest standard deviation of a view's grey levels; flatter rows are refused. 0 refuses "
        "none.",
        ge=0,
        le=0.5,
    )
    min_sharpness: float = setting(
        0.0,
        "Lowest variance of a view's Laplacian; more blurred rows are refused. 0 refuses none. It "
        "depends on the motif: look at the statistics first.",
        ge=0,
        unit="squared grey levels",
    )
    eval_fraction: float = setting(
        0.2,
        "Share of the clips that become the eval split where only --train-csv is given.",
        gt=0,
        lt=1,
        common=True,
    )
    validation_fraction: float = setting(
        0.0,
        "Share of the train clips (animals, where `group` is given) that become the validation "
        "split, on which epoch, settings and temperature are then chosen. 0 makes none: without "
        "--validation-csv the eval split chooses and judges.",
        ge=0,
        lt=1,
        common=True,
    )
    max_reject_fraction: float = setting(
        0.05,
        "Largest share of a split's rows that may be refused; above it the run stops.",
        ge=0,
        le=1,
        common=True,
    )
    shard_rows: int = setting(
        4096,
        "Rows of a TFRecord shard, about; also the amount that a worker takes at a time.",
        ge=1,
        unit="rows",
    )

    @model_validator(mode="after")
    def _brightness_has_room(self) -> "DataSettings":
        if self.min_brightness >= self.max_brightness:
            raise ConfigError(
                "data.max_brightness must lie above data.min_brightness. Received: "
                f"{self.max_brightness} and {self.min_brightness}"
            )
        return self
