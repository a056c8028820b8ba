"""Settings of the ingest: how a row is read, checked, cropped and stored."""

from dataclasses import dataclass

from schemas.errors import ConfigError


@dataclass(frozen=True)
class DataSettings:
    """What is done with each row of the CSVs.

    Attributes:
      box_margin: the model's view is the box widened on each side by this share of its
        side, [0, 1]; cut at the photo's edges.
      surplus: how much is stored around the view for random crops in training, as a share
        of the view's side, all sides together, [0, 1]. 1/7 stores 256 pixels for 224.
      jpeg_quality: of the stored crops, 50..100.
      min_box_side: a box with a shorter side is refused, pixels.
      max_image_pixels: a larger photo is refused before it is decoded.
      min_brightness, max_brightness: a view whose mean grey level lies outside is refused,
        [0, 1]; 0 and 1 refuse none.
      min_contrast: a view whose grey levels have a smaller standard deviation is refused,
        [0, 0.5]; 0 refuses none.
      min_sharpness: a view whose Laplacian has a smaller variance is refused, squared grey
        levels; 0 refuses none. It depends on the motif: look at the statistics first.
      eval_fraction: share of the clips that become the eval split where one CSV is given,
        (0, 1).
      max_reject_fraction: the run stops where more than this share of a split's rows is
        refused, [0, 1].
      shard_rows: rows a TFRecord shard holds, about; also the piece of work that a worker
        takes at a time.
    """

    box_margin: float = 0.05
    surplus: float = 0.143
    jpeg_quality: int = 95
    min_box_side: int = 16
    max_image_pixels: int = 50_000_000
    min_brightness: float = 0.0
    max_brightness: float = 1.0
    min_contrast: float = 0.0
    min_sharpness: float = 0.0
    eval_fraction: float = 0.2
    max_reject_fraction: float = 0.05
    shard_rows: int = 4096

    def __post_init__(self) -> None:
        rules = (
            (0 <= self.box_margin <= 1, "box_margin must lie in [0, 1]"),
            (0 <= self.surplus <= 1, "surplus must lie in [0, 1]"),
            (50 <= self.jpeg_quality <= 100, "jpeg_quality must lie in 50..100"),
            (self.min_box_side >= 1, "min_box_side must be at least 1"),
            (self.max_image_pixels >= 1, "max_image_pixels must be at least 1"),
            (0 <= self.min_brightness <= 1, "min_brightness must lie in [0, 1]"),
            (
                self.min_brightness < self.max_brightness <= 1,
                "max_brightness must lie above min_brightness and be at most 1",
            ),
            (0 <= self.min_contrast <= 0.5, "min_contrast must lie in [0, 0.5]"),
            (self.min_sharpness >= 0, "min_sharpness must be at least 0"),
            (0 < self.eval_fraction < 1, "eval_fraction must lie in (0, 1)"),
            (0 <= self.max_reject_fraction <= 1, "max_reject_fraction must lie in [0, 1]"),
            (self.shard_rows >= 1, "shard_rows must be at least 1"),
        )
        for holds, rule in rules:
            if not holds:
                name = rule.split()[0]
                raise ConfigError(f"data.{rule}. Received: {getattr(self, name)!r}")
