"""Scores of the Evaluator, and the gate's verdict."""

from typing import Literal, TypedDict

from typing_extensions import NotRequired

from schemas.documents.training import FittedOn

Interval = list[float] | None
"""[low, high], 95 %; None where there are fewer than two animals or clips to draw from."""


class HeadlineScores(TypedDict):
    """The scores by which models are compared."""

    accuracy: float
    balanced_accuracy: float
    macro_f1: float


HeadlineName = Literal["accuracy", "balanced_accuracy", "macro_f1"]

HEADLINE: tuple[HeadlineName, ...] = ("accuracy", "balanced_accuracy", "macro_f1")
"""The keys of ``HeadlineScores``, in order."""

ScoreName = Literal[HeadlineName, "ece"]


class MoodScores(TypedDict):
    """Scores of one mood; ``support`` is the number of its rows."""

    precision: float
    recall: float
    f1: float
    support: int
    intervals: dict[str, Interval]


class Scores(HeadlineScores):
    """Scores of one predictor; ``ece`` is None where it gives no probabilities."""

    ece: float | None
    intervals: dict[str, Interval]


class ModelScores(Scores):
    """Scores of the model itself; ``unanswered`` counts rows with a NaN or infinite probability."""

    unanswered: int


class PredictorScores(Scores):
    """Scores of another predictor."""

    per_mood: dict[str, MoodScores]


class MajorityScores(PredictorScores):
    """Scores of always answering ``mood``, the commonest; its ``ece`` is None."""

    mood: str


OtherPredictor = Literal["majority", "baseline", "compared"]
"""Predictors whose scores stand next to the model's in ``Metrics``."""


class ReliabilityBin(TypedDict):
    """Predictions whose confidence lies in (low, high]."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


class MoodCalibration(TypedDict):
    """How far the probabilities of one mood are from its share of the rows.

    Attributes:
      ece: expected calibration error of this mood's probabilities, whether it is the likeliest or
        not: the mean over the rows of |share - mean probability| of the probability's bin.
      mean_probability: over all rows.
      share: of the rows whose true mood it is; a higher mean probability claims the mood too often.
    """

    ece: float
    mean_probability: float
    share: float


class Calibration(TypedDict):
    """The model's calibration.

    Attributes:
      temperature: that is in the model; 1 without one.
      fitted_on: rows that it and ``Unsure.threshold`` were chosen on.
      per_mood: class-wise calibration.
    """

    temperature: float
    fitted_on: FittedOn
    per_mood: dict[str, MoodCalibration]


class RiskCoveragePoint(TypedDict):
    """What holds if all answers below a probability are unsure.

    Attributes:
      coverage: share of the rows whose answer is sure.
      risk: share of these whose answer is wrong.
      threshold: the probability.
    """

    coverage: float
    risk: float
    threshold: float


class Unsure(TypedDict):
    """The model's unsure answers on the scored rows.

    Attributes:
      threshold: ``unsure_below`` of the servable; 0 where no answer is unsure, above 1 where all
        are.
      share: of the rows whose answer is unsure.
      accuracy: of the sure answers; None where there are none.
      unsure_accuracy: of the unsure answers; likewise.
      intervals: of ``share``, ``accuracy`` and ``unsure_accuracy``.
    """

    threshold: float
    share: float
    accuracy: float | None
    unsure_accuracy: float | None
    intervals: dict[str, Interval]


class ClipScores(PredictorScores, total=False):
    """Scores of clips in place of frames; the majority has no confusion and no reliability."""

    confusion: list[list[int]]
    reliability: list[ReliabilityBin]


class SliceHeadline(TypedDict):
    """Scores on the rows of a slice.

    Balanced accuracy and macro-F1 are None where all rows are of one mood, as in a slice of a
    label: they are means over moods. All are None without rows.
    """

    accuracy: float | None
    balanced_accuracy: float | None
    macro_f1: float | None


class ModelSliceScores(SliceHeadline):
    """The model's scores on the rows of a slice.

    Attributes:
      rows: number of rows.
      clips: number of their clips.
      intervals: by score; None where there are fewer than two animals or clips to draw from.
    """

    rows: int
    clips: int
    intervals: dict[str, Interval] | None


class SliceScores(ModelSliceScores, total=False):
    """The model's scores on the rows of a slice, and those of other models on the same rows."""

    baseline: SliceHeadline
    compared: SliceHeadline


class Gain(TypedDict):
    """Macro-F1 of the model less that of another predictor, on the same ``rows`` rows.

    Rows whose clip or animal the other was trained on are left out for both.
    """

    macro_f1: float
    interval: Interval
    rows: int


class CheckRecord(TypedDict):
    """One rule of the gate.

    Attributes:
      check: its name, such as "over_majority".
      passed: whether the rule holds.
      value: the compared figure; None where it is NaN or infinite.
      limit: the limit of ``value``.
      rule: whether ``value`` must be at least or at most ``limit``.
      message: the same in words.
    """

    check: str
    passed: bool
    value: float | None
    limit: float
    rule: Literal["at_least", "at_most"]
    message: str


class Verdict(TypedDict):
    """Whether the model is blessed, and why; a note for each model that it was compared with."""

    blessed: bool
    notes: list[str]
    checks: list[CheckRecord]


ResamplingUnit = Literal["groups", "clips", "groups_and_clips"]


class Resampling(TypedDict):
    """How the intervals were computed.

    Attributes:
      of: what was drawn: "groups" (animals), "clips" where no row names its animal, or
        "groups_and_clips".
      units: number of them, or of pools of them.
      level: of the intervals, 0.95.
      draws: number of draws, such as 2000.
    """

    of: ResamplingUnit
    units: int
    level: float
    draws: int


class Measures(TypedDict):
    """``METRICS_JSON`` but for the verdict.

    Attributes:
      rows: rows that the model is scored on; half of the eval split's where the temperature was
        fitted on the others, and after a warm start those that the earlier model was not trained
        on.
      clips: clips of these rows.
      moods: names in index order.
      resampling: how the intervals were computed.
      model: scores of the model.
      majority: scores of always answering the commonest mood.
      baseline: scores of the last blessed model, on the rows whose clip and animal it was not
        trained on; None where there is no such model or row.
      compared: the same of the model at ``evaluate.compare_with``.
      gain: of the model over each other predictor.
      per_mood: scores of the model by mood.
      confusion: the model's confusion matrix: row i holds the rows whose true mood is i, column j
        those whose predicted mood is j, in label map order. A row with a NaN or infinite
        probability is in no column.
      reliability: bins of the model's probabilities.
      calibration: of the model's probabilities, mood by mood.
      risk_coverage: curve from the surest answers to all; at most 101 points.
      unsure: answers below the model's threshold, and those above it.
      per_clip: scores of clips by predictor.
      slices: by name, such as "species=CAT"; slices are of label, species, box_size,
        brightness_band and action.
    """

    rows: int
    clips: int
    moods: list[str]
    resampling: Resampling
    model: ModelScores
    majority: MajorityScores
    baseline: PredictorScores | None
    compared: PredictorScores | None
    gain: dict[str, Gain]
    per_mood: dict[str, MoodScores]
    confusion: list[list[int]]
    reliability: list[ReliabilityBin]
    calibration: Calibration
    risk_coverage: list[RiskCoveragePoint]
    unsure: Unsure
    per_clip: dict[str, ClipScores]
    slices: dict[str, SliceScores]


class BoxScores(TypedDict):
    """Scores of answers to photos with boxes of one source.

    ``unanswered`` counts photos in which no animal was found, whose answers count as wrong.
    """

    rows: int
    accuracy: float
    macro_f1: float
    unanswered: int


class Metrics(Measures):
    """``METRICS_JSON``.

    Attributes:
      verdict: of the gate.
      boxes: scores by where the boxes come from, "given", "found" (with a locator alone) and
        "whole", on the same small photos of the eval split; None where the ingest stored none.
    """

    verdict: Verdict
    boxes: NotRequired[dict[str, BoxScores] | None]
