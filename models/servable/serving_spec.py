"""Parameters of a servable, and what finds the animal in a photo."""

from collections.abc import Callable
from dataclasses import dataclass, field

import tensorflow as tf

from models.inputs.prepared_photo import Limits
from schemas.documents.training import FittedOn, TrainedOnKind


@dataclass(frozen=True)
class ServingSpec:
    """Parameters of a servable besides the network.

    Attributes:
      mood_names: in index order.
      resolution: side of the square that the network sees, pixels.
      box_margin: a box is widened on each side by this share of its side, >= 0.
      limits: of a picture.
      box_overhang: share of a box's side that may lie outside of the photo, 0 to 0.5.
      unsure_below, temperature, fitted_on, trained_on: see
        ``schemas.documents.training.Preprocessing``. The network has the temperature in it.
    """

    mood_names: tuple[str, ...]
    resolution: int
    box_margin: float
    limits: Limits = field(default_factory=Limits)
    box_overhang: float = 0.0
    unsure_below: float = 0.0
    temperature: float = 1.0
    fitted_on: FittedOn = ""
    trained_on: TrainedOnKind = ""


@dataclass(frozen=True)
class Locator:
    """What finds the animal in a photo.

    Attributes:
      locate: uint8[n, resolution, resolution, 3], whole photos stretched to a square, to the best
        place of each: boxes float32[n, 4], (top, left, bottom, right) as shares of the sides, and
        scores float32[n] in 0..1.
      resolution: side of the square, pixels.
      min_score: score from which on a place is an animal.
    """

    locate: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    resolution: int
    min_score: float
