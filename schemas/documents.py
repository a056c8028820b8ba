"""JSON documents of nodes and runs: one type each, for who writes and who reads them.

File names are in ``schemas.artifacts``. Numbers are figures of the rows and clips that a node
worked on; shares and scores lie in [0, 1]. None is JSON's null.
"""

from typing import Literal, TypedDict

Interval = list[float] | None
"""[low, high], 95 %; None where there are no two clips to draw from."""


class SplitCounts(TypedDict):
    """Rows of one split.

    Attributes:
      rows: in the CSV.
      used: that became Examples.
      moods: used rows by mood, in label map order.
      thinned: rows left out by ``thin.*``, by mood.
      refused: rows by reason; every reason of ``schemas.reasons`` is there.
      clips: of the used rows.
      bytes: of the split's shards.
    """

    rows: int
    used: int
    moods: dict[str, int]
    thinned: dict[str, int]
    refused: dict[str, int]
    clips: int
    bytes: int


class Ingest(TypedDict):
    """``INGEST_JSON``."""

    splits: dict[str, SplitCounts]


class FindingRecord(TypedDict):
    """One finding of a validator; ``value`` and ``limit`` are None where nothing was compared."""

    severity: Literal["error", "warning"]
    check: str
    split: str
    message: str
    value: float | None
    limit: float | None


class Validation(TypedDict):
    """``VALIDATION_JSON``."""

    verdict: Literal["ok", "refused"]
    findings: list[FindingRecord]


class LeakCounts(TypedDict):
    """Names of clips and of groups in both splits; eval frames that nearly equal a train frame."""

    clips: int
    groups: int
    pictures: int


LeakKind = Literal["clips", "groups", "pictures"]
LEAK_KINDS: tuple[LeakKind, ...] = ("clips", "groups", "pictures")
"""The keys of ``LeakCounts``, in order."""


class LeakExample(TypedDict):
    """A row of ``LEAKS_CSV``; ``distance`` is "" but for pictures."""

    kind: Literal["clip", "group", "picture"]
    name: str
    train_line: int
    train_image: str
    eval_line: int
    eval_image: str
    distance: int | str


class Leaks(Validation):
    """``LEAKS_JSON``; the examples are the first rows of each kind."""

    leaks: LeakCounts
    examples: list[LeakExample]


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
    """Of the model itself; ``unanswered`` rows have a NaN or infinite probability."""

    unanswered: int


class PredictorScores(Scores):
    """Of another predictor."""

    per_mood: dict[str, MoodScores]


class MajorityScores(PredictorScores):
    """Of always answering ``mood``, the commonest."""

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


class ClipScores(PredictorScores, total=False):
    """Of clips in place of frames; the majority has no confusion and no reliability."""

    confusion: list[list[int]]
    reliability: list[ReliabilityBin]


class SliceScores(HeadlineScores, total=False):
    """Of the rows of a slice: the model's, and beside it those of other models."""

    rows: int
    clips: int
    intervals: dict[str, Interval] | None
    baseline: HeadlineScores
    compared: HeadlineScores


class Gain(TypedDict):
    """Macro-F1 of the model less that of another predictor."""

    macro_f1: float
    interval: Interval


class CheckRecord(TypedDict):
    """One rule of the gate; ``value`` is None where it is NaN or infinite."""

    check: str
    passed: bool
    value: float | None
    limit: float
    rule: Literal["at_least", "at_most"]
    message: str


class Verdict(TypedDict):
    """Whether the model is blessed, and why."""

    blessed: bool
    notes: list[str]
    checks: list[CheckRecord]


class Resampling(TypedDict):
    """How the intervals were made."""

    of: str
    level: float
    draws: int


class Measures(TypedDict):
    """``METRICS_JSON`` but for the verdict.

    Attributes:
      rows: that the model is scored on; with ``evaluate.calibrate`` half of the eval split's.
      clips: of these rows.
      moods: names in index order.
      resampling: of the intervals.
      model: the model's scores.
      majority: those of always answering the commonest mood.
      baseline: those of the last blessed model, None where there is none.
      compared: those of ``evaluate.compare_with``.
      gain: of the model over each other predictor.
      per_mood: the model's scores by mood.
      confusion: the model's rows; true moods down, predicted ones across, in label map order.
      reliability: of the model's probabilities.
      per_clip: scores of clips by predictor.
      slices: by name, such as "species=CAT".
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
    per_clip: dict[str, ClipScores]
    slices: dict[str, SliceScores]


class Metrics(Measures):
    """``METRICS_JSON``."""

    verdict: Verdict


class ServableCheckRecord(TypedDict):
    """One check of the servable."""

    check: str
    passed: bool
    message: str


class ProbeAnswer(TypedDict):
    """What the clean process that loads a servable answers."""

    pictures: int
    checks: list[ServableCheckRecord]


class Servable(ProbeAnswer):
    """``SERVABLE_JSON``."""

    passed: bool


class TrialRecord(TypedDict):
    """One trial of the Tuner; ``score`` is None where the loss was NaN or infinite."""

    trial: str
    values: dict[str, float | str]
    status: str
    score: float | None
    seconds: float | None


class Search(TypedDict):
    """``TRIALS_JSON`` but for its rows."""

    objective: str
    epochs: int
    ended_by: Literal["trials", "minutes", "choices"]
    best: str | None
    trials: list[TrialRecord]


class Trials(Search):
    """``TRIALS_JSON``; ``rows`` are those that the trials saw, by split."""

    rows: dict[str, int]


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
    """``PRECISION_JSON``."""

    taken: StepConfigRecord
    trials: list[MeasurementRecord]


class Temperature(TypedDict):
    """``TEMPERATURE_JSON``; ``rows`` are those that it was fitted on."""

    temperature: float
    rows: int


class Preprocessing(TypedDict):
    """``signatures.SPEC_ASSET``: what a client must know of a servable."""

    resolution: int
    box_margin: float
    weights: str


class RowCounts(TypedDict):
    """Rows of a split in ``run.json``; None where the run has not come so far."""

    used: int | None
    refused: dict[str, int] | dict[str, None]
    moods: dict[str, int] | None
    thinned: dict[str, int] | None


class PredictCounts(TypedDict):
    """Rows of ``--predict-csv`` in ``run.json``."""

    used: int
    refused: dict[str, int]
    rejects_csv: str | None
    answers: str | None


class NodeRecord(TypedDict):
    """A node in ``run.json``; None where it has not run."""

    seconds: float | None
    cached: bool | None
    peak_mib: int | None


class Run(TypedDict):
    """``run.json``: what a run was asked for and what it came to. What did not happen is None.

    Attributes:
      exit: the exit code; None while the run goes on, or where it was killed.
      error: what ended it.
      started: local time with its offset, ISO 8601.
      seconds: how long it took.
      log: path of the log.
      rows: by split.
      rejects_csv: path of the refused rows.
      leaks: counts by kind.
      tuner: ``TRIALS_JSON``.
      checkpoint: path of the best epoch's checkpoint.
      metrics: headline scores of the model and of the majority.
      blessed: the Evaluator's verdict.
      pushed: path of the pushed version.
      predict: what came of the rows without moods.
      nodes: by id, in the graph's order.
      versions: of Python and the packages that shape a result.
      settings: all of them, by group.
    """

    exit: int | None
    error: str | None
    started: str
    seconds: float | None
    log: str
    rows: dict[str, RowCounts]
    rejects_csv: str | None
    leaks: dict[str, int | None]
    tuner: Trials | None
    checkpoint: str | None
    metrics: dict[str, dict[str, float | None]]
    blessed: bool | None
    pushed: str | None
    predict: PredictCounts | None
    nodes: dict[str, NodeRecord]
    versions: dict[str, str | None]
    settings: dict[str, dict[str, object]] | None


Ending = Literal["pushed", "data_refused", "not_blessed", "failed"]
"""How a run ended, by its exit code; "failed" for all other codes."""


class Report(TypedDict):
    """``report.json``: what a run's page is made of. What the run did not come to is None.

    Attributes:
      ending: how the run ended.
      record: ``run.json``.
      ingest: ``INGEST_JSON``.
      validation: ``VALIDATION_JSON``.
      leaks: ``LEAKS_JSON``.
      tuner: ``TRIALS_JSON``.
      metrics: ``METRICS_JSON``.
      servable: ``SERVABLE_JSON``.
    """

    ending: Ending
    record: Run
    ingest: Ingest | None
    validation: Validation | None
    leaks: Leaks | None
    tuner: Trials | None
    metrics: Metrics | None
    servable: Servable | None
