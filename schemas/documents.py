"""Types of the JSON documents of nodes and runs, for their writers and their readers.

The names of the files are in ``schemas.artifacts``. Numbers count the rows and clips that a node
worked on; shares and scores lie in [0, 1]. None is JSON's null.
"""

from typing import Literal, TypedDict

Interval = list[float] | None
"""[low, high], 95 %; None where there are fewer than two clips to draw from."""

Severity = Literal["error", "warning"]
"""An error stops the run, a warning is reported."""


class BlockCounts(TypedDict):
    """Rows of a block, or of a split, as the ingest counts them.

    Attributes:
      rows: rows in the CSV.
      used: rows that became Examples.
      clips: clips of the used rows.
      moods: used rows by mood; a split has every mood, in label map order.
      thinned: rows left out by ``thin.*``, by mood; likewise.
      refused: refused rows by reason; a split has every reason of ``schemas.reasons``.
    """

    rows: int
    used: int
    clips: int
    moods: dict[str, int]
    thinned: dict[str, int]
    refused: dict[str, int]


class SplitCounts(BlockCounts):
    """Rows of one split, or of a finished block; ``bytes`` is the size of the shards."""

    bytes: int


class Ingest(TypedDict):
    """``INGEST_JSON``: the counts of each split."""

    splits: dict[str, SplitCounts]


class FindingRecord(TypedDict):
    """One finding of a validator.

    Attributes:
      severity: an error stops the run, a warning does not.
      check: name of the rule, such as "refused_share".
      split: name of the split.
      message: the finding in words.
      value: the compared figure, such as 0.2; None where nothing was compared.
      limit: the limit of ``value``, such as 0.1; None where there is none.
    """

    severity: Severity
    check: str
    split: str
    message: str
    value: float | None
    limit: float | None


class Validation(TypedDict):
    """``VALIDATION_JSON``: the verdict is "refused" where a finding is an error."""

    verdict: Literal["ok", "refused"]
    findings: list[FindingRecord]


class LeakCounts(TypedDict):
    """Counts of leaks.

    Attributes:
      clips: names of clips that are in both splits.
      groups: names of groups that are in both splits.
      pictures: eval frames that nearly equal a train frame.
    """

    clips: int
    groups: int
    pictures: int


LeakKind = Literal["clips", "groups", "pictures"]
LEAK_KINDS: tuple[LeakKind, ...] = ("clips", "groups", "pictures")
"""The keys of ``LeakCounts``, in order."""


class LeakExample(TypedDict):
    """A row of ``LEAKS_CSV``: a train row and an eval row that have something in common.

    Attributes:
      kind: what they have in common.
      name: name of the clip or group; "" for pictures.
      train_line: line of the train row in its CSV.
      train_image: its ``image_path``.
      eval_line: line of the eval row in its CSV.
      eval_image: its ``image_path``.
      distance: number of differing bits of the pictures' hashes; None (in the CSV an empty cell)
        for clips and groups.
    """

    kind: Literal["clip", "group", "picture"]
    name: str
    train_line: int
    train_image: str
    eval_line: int
    eval_image: str
    distance: int | None


class Leaks(Validation):
    """``LEAKS_JSON``; the examples are the first rows of ``LEAKS_CSV`` of each kind."""

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


class ClipScores(PredictorScores, total=False):
    """Scores of clips in place of frames; the majority has no confusion and no reliability."""

    confusion: list[list[int]]
    reliability: list[ReliabilityBin]


class ModelSliceScores(HeadlineScores):
    """The model's scores on the rows of a slice.

    Attributes:
      rows: number of rows.
      clips: number of their clips.
      intervals: by score; None where there are fewer than two clips to draw from.
    """

    rows: int
    clips: int
    intervals: dict[str, Interval] | None


class SliceScores(ModelSliceScores, total=False):
    """The model's scores on the rows of a slice, and those of other models on the same rows."""

    baseline: HeadlineScores
    compared: HeadlineScores


class Gain(TypedDict):
    """Macro-F1 of the model less that of another predictor."""

    macro_f1: float
    interval: Interval


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


class Resampling(TypedDict):
    """How the intervals were computed.

    Attributes:
      of: what was drawn, "clips".
      level: of the intervals, 0.95.
      draws: number of draws, such as 2000.
    """

    of: str
    level: float
    draws: int


class Measures(TypedDict):
    """``METRICS_JSON`` but for the verdict.

    Attributes:
      rows: rows that the model is scored on; with ``evaluate.calibrate`` half of the eval split's.
      clips: clips of these rows.
      moods: names in index order.
      resampling: how the intervals were computed.
      model: scores of the model.
      majority: scores of always answering the commonest mood.
      baseline: scores of the last blessed model; None where there is none.
      compared: scores of the model at ``evaluate.compare_with``; None where there is none.
      gain: of the model over each other predictor.
      per_mood: scores of the model by mood.
      confusion: the model's confusion matrix: row i holds the rows whose true mood is i, column j
        those whose predicted mood is j, in label map order. A row with a NaN or infinite
        probability is in no column.
      reliability: bins of the model's probabilities.
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
    per_clip: dict[str, ClipScores]
    slices: dict[str, SliceScores]


class Metrics(Measures):
    """``METRICS_JSON``."""

    verdict: Verdict


class ServableCheckRecord(TypedDict):
    """One check of the servable, such as "tf1_loader"; ``message`` says what was measured."""

    check: str
    passed: bool
    message: str


class ProbeRequest(TypedDict):
    """What the process that probes a servable is given.

    It can import nothing of this project, so the names of ``schemas.signatures`` are in here.

    Attributes:
      servable: folder of the SavedModel.
      records: a TFRecord file of Examples.
      expected: a .npy file with the trained model's probabilities of them, float32[n, k].
      signatures: names of all signatures that there must be.
      signature: the signature that is called.
      input: its input.
      status: its output with the statuses.
      ok: the status of a good picture.
      mood: its output with the moods' names.
      probabilities: its output with the probabilities.
    """

    servable: str
    records: str
    expected: str
    signatures: list[str]
    signature: str
    input: str
    status: str
    ok: str
    mood: str
    probabilities: str


class ProbeResult(TypedDict):
    """Checks of a servable in a clean process, on ``pictures`` Examples."""

    pictures: int
    checks: list[ServableCheckRecord]


class Servable(ProbeResult):
    """``SERVABLE_JSON``; ``passed`` is true where all checks passed."""

    passed: bool


class TrialRecord(TypedDict):
    """One trial of the Tuner.

    Attributes:
      trial: its id, such as "3".
      values: tried values by the setting's name, such as "train.learning_rate".
      status: "completed", or "failed" where the loss was NaN or infinite.
      score: of ``Search.objective``; None where the trial failed.
      seconds: how long it took.
    """

    trial: str
    values: dict[str, float | str]
    status: str
    score: float | None
    seconds: float | None


class Search(TypedDict):
    """``TRIALS_JSON`` without its rows.

    Attributes:
      objective: name of the score, such as "val_macro_f1".
      epochs: of each trial.
      ended_by: the limit that ended the search.
      best: id of the best trial; None where none was completed.
      trials: all of them, the failed ones too.
    """

    objective: str
    epochs: int
    ended_by: Literal["trials", "minutes", "choices"]
    best: str | None
    trials: list[TrialRecord]


class Trials(Search):
    """``TRIALS_JSON``; ``rows`` counts by split the rows that the trials were given."""

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
    """``PRECISION_JSON``: the step config that was chosen, and the measurements."""

    taken: StepConfigRecord
    trials: list[MeasurementRecord]


class Temperature(TypedDict):
    """``TEMPERATURE_JSON``; ``rows`` counts the rows that the temperature was fitted on."""

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
