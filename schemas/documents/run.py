"""The record of a run, and its row counts."""

from typing import Literal, TypedDict

from schemas.documents.evaluation import Metrics
from schemas.documents.exports import Exports
from schemas.documents.ingest import Ingest
from schemas.documents.leaks import Leaks
from schemas.documents.locating import LocatorScores
from schemas.documents.servable import Servable
from schemas.documents.training import Preprocessing, Training
from schemas.documents.tuning import Trials
from schemas.documents.validation import Validation


class RowCounts(TypedDict):
    """Rows of a split in ``run.json``; None where the run has not come so far."""

    used: int | None
    clipped: int | None
    refused: dict[str, int] | dict[str, None]
    moods: dict[str, int] | None
    thinned: dict[str, int] | None
    reused: int | None
    read: int | None


class PredictCounts(TypedDict):
    """Rows of ``--predict-csv`` in ``run.json``."""

    used: int
    clipped: int
    refused: dict[str, int]
    reused: int
    read: int
    rejects_csv: str | None
    answers: str | None


class NodeRecord(TypedDict):
    """A node in ``run.json``; None where it has not run."""

    seconds: float | None
    cached: bool | None
    peak_mib: int | None


class CsvRecord(TypedDict):
    """A CSV that a run has read; the SHA-256 is of the file as it was then."""

    path: str
    sha256: str
    bytes: int


class Run(TypedDict):
    """``run.json``: what a run was asked for and what it came to. What did not happen is None.

    Attributes:
      exit: the exit code; None while the run goes on, or where it was killed.
      error: what ended it.
      started: local time with its offset, ISO 8601.
      seconds: how long it took.
      log: path of the log.
      smoke_test: whether the run ended well without a blessed model, as ``--preset quick`` may.
      rows: by split; "validation" is there where the run has such a split.
      chosen_on: name of the split that epoch, settings and temperature are chosen on. Where it is
        "eval", the rows that judge the model have chosen it too.
      csvs: by the split whose rows they have; "all" is split by the ingest.
      rejects_csv: path of the refused rows.
      leaks: counts by kind.
      tuner: ``TRIALS_JSON``.
      checkpoint: path of the best epoch's checkpoint.
      metrics: headline scores of the model and of the majority.
      metrics_json: path of ``METRICS_JSON``.
      predictions: path of ``PREDICTIONS_PARQUET``.
      blessed: the Evaluator's verdict.
      pushed: path of the pushed version.
      manifest_sha256: SHA-256 of the version's manifest; None also for a version that an earlier
        state pushed without one.
      exports: ``EXPORTS_JSON``; None also without ``export.formats``.
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
    smoke_test: bool
    rows: dict[str, RowCounts]
    chosen_on: str | None
    csvs: dict[str, CsvRecord]
    rejects_csv: str | None
    leaks: dict[str, int | None]
    tuner: Trials | None
    checkpoint: str | None
    metrics: dict[str, dict[str, float | None]]
    metrics_json: str | None
    predictions: str | None
    blessed: bool | None
    pushed: str | None
    manifest_sha256: str | None
    exports: Exports | None
    predict: PredictCounts | None
    nodes: dict[str, NodeRecord]
    versions: dict[str, str | None]
    settings: dict[str, dict[str, object]] | None


Ending = Literal["pushed", "smoke_test", "data_refused", "not_blessed", "failed", "data_passed"]
"""How a run ended, by its exit code; "failed" for all other codes, "smoke_test" for one that went
through without a model that is good enough. "data_passed" is no end: on a
cluster there is a report of the data alone, before the training."""


class Report(TypedDict):
    """``report.json``: what a run's page is made of. What the run did not come to is None.

    Attributes:
      ending: how the run ended.
      record: ``run.json``.
      ingest: ``INGEST_JSON``.
      validation: ``VALIDATION_JSON``.
      leaks: ``LEAKS_JSON``.
      tuner: ``TRIALS_JSON``.
      training: ``TRAINING_JSON``.
      locator: ``LOCATOR_JSON``; None without a locator, and on a cluster.
      metrics: ``METRICS_JSON``.
      servable: ``SERVABLE_JSON``.
      preprocessing: ``signatures.SPEC_ASSET``, as it lies beside the checkpoint.
      exports: ``EXPORTS_JSON``.
    """

    ending: Ending
    record: Run
    ingest: Ingest | None
    validation: Validation | None
    leaks: Leaks | None
    tuner: Trials | None
    training: Training | None
    locator: LocatorScores | None
    metrics: Metrics | None
    servable: Servable | None
    preprocessing: Preprocessing | None
    exports: Exports | None
