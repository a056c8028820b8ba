"""Scores of the Evaluator, and the gate's verdict."""

from typing import Literal, TypedDict

from typing_extensions import NotRequired

from schemas.documents.certainty import Calibration, ReliabilityBin, RiskCoveragePoint, Unsure
from schemas.documents.gate import Gain, Verdict
from schemas.documents.intervals import Interval, Resampling


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
