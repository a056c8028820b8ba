"""Files that the Trainer writes beside the network."""

from typing import Literal, TypedDict

from typing_extensions import NotRequired

FittedOn = Literal["validation", "eval", ""]
"""Rows that temperature and threshold are fitted on: of the validation split; of half of the eval
clips, which then do not judge the model; or none."""

TrainedOnKind = Literal["drawings", "photos", ""]
"""What the pictures of a training are; "" where the run does not know."""
DRAWINGS: TrainedOnKind = "drawings"
PHOTOS: TrainedOnKind = "photos"


class StepConfigRecord(TypedDict):
    """How a training step is computed."""

    precision: str
    xla: bool


class MeasurementRecord(StepConfigRecord):
    """What a step config was measured to take; None where it failed.

    ``loss`` is that of one batch without drop-connect, and ``gradient_cosine`` that of the angle
    between its gradient and the gradient of the first config.
    """

    ms_per_step: float | None
    loss: float | None
    gradient_cosine: float | None
    failure: str


class Precision(TypedDict):
    """``PRECISION_JSON``: the step config that was chosen, and the measurements."""

    taken: StepConfigRecord
    trials: list[MeasurementRecord]


class Budget(TypedDict):
    """``BUDGET_JSON``: how many steps fit into ``train.minutes``, and what that follows from."""

    minutes: float
    steps: int
    ms_per_step: float
    validation_seconds: float


class Training(StepConfigRecord):
    """``TRAINING_JSON``: on what the training ran, and how fast.

    ``images_per_second`` is the median over the epochs' steps, without validation; None where
    they were too few to measure. ``batch_size`` is that of all ``replicas`` together.
    """

    device: str
    replicas: int
    batch_size: int
    learning_rate: float
    steps: int
    epochs: int
    images_per_second: float | None


class Temperature(TypedDict):
    """``TEMPERATURE_JSON``: how the probabilities are calibrated, and when an answer is unsure.

    Attributes:
      temperature: that the logits were divided by; 1 where they were left as they are.
      rows: rows that temperature and threshold were fitted on.
      clips: their clips.
      loss_before: negative log-likelihood on held-out clips without a temperature; None where
        nothing was compared.
      loss_after: the same with the temperature that was fitted on the other clips.
      unsure_below: see ``Preprocessing``.
      fitted_on: where the rows are from.
    """

    temperature: float
    rows: int
    clips: int
    loss_before: float | None
    loss_after: float | None
    unsure_below: float
    fitted_on: FittedOn


class LocatorSpec(TypedDict):
    """Side of the square that a locator sees whole photos in, and the least score of an animal."""

    resolution: int
    min_score: float


class Preprocessing(TypedDict):
    """``signatures.SPEC_ASSET``: what a client must know of a servable.

    ``box_overhang`` is the share of a box's side that may lie outside of the photo; servables of
    before it was there take none. A photo of more pixels than ``max_image_pixels`` or a file of
    more than ``max_image_bytes`` gets the status ``image_too_large``.

    An answer whose probability lies below ``unsure_below`` is unsure: 0 is none, and a value above
    1 each. ``temperature`` is that of the calibration, 1 without one. ``fitted_on`` says on which
    rows both were chosen, and ``trained_on`` what the pictures of the training are. Servables of
    before these were there lack all four.

    ``locator`` is None, or missing in servables of before there was one, where photos without a box
    are taken as a whole.
    """

    resolution: int
    box_margin: float
    box_overhang: float
    weights: str
    max_image_pixels: int
    max_image_bytes: int
    unsure_below: float
    temperature: float
    fitted_on: FittedOn
    trained_on: TrainedOnKind
    locator: NotRequired[LocatorSpec | None]
