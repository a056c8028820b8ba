"""Files that the Trainer writes beside the network."""

from typing import TypedDict


class StepConfigRecord(TypedDict):
    """How a training step is computed."""

    precision: str
    xla: bool


class MeasurementRecord(StepConfigRecord):
    """What a step config was measured to take; None where it failed."""

    ms_per_step: float | None
    losses: list[float | None]
    failure: str


class Precision(TypedDict):
    """``PRECISION_JSON``: the step config that was chosen, and the measurements."""

    taken: StepConfigRecord
    trials: list[MeasurementRecord]


class Temperature(TypedDict):
    """``TEMPERATURE_JSON``; ``rows`` counts the rows that the temperature was fitted on."""

    temperature: float
    rows: int


class Preprocessing(TypedDict):
    """``signatures.SPEC_ASSET``: what a client must know of a servable.

    A photo of more pixels than ``max_image_pixels`` or a file of more than ``max_image_bytes``
    gets the status ``image_too_large``.
    """

    resolution: int
    box_margin: float
    weights: str
    max_image_pixels: int
    max_image_bytes: int
