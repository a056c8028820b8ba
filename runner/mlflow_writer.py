"""Writes a run into MLflow, through its own library, where ``--mlflow`` asks for it.

Nothing of MLflow is imported otherwise. A folder gets MLflow's file store, which MLflow 3.7 and
later open only where MLFLOW_ALLOW_FILE_STORE says so.
"""

import csv
import datetime
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from report.results import Results
from schemas import artifacts
from schemas.documents.evaluation import HEADLINE, Metrics
from schemas.documents.intervals import Interval
from schemas.documents.run import Run
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from schemas.labels import MOODS_IN_ENGLISH

EXPERIMENT = "pet-mood"
"""MLflow's experiment that all runs are in."""
_AT_ONCE = 100
"""Parameters of one request; metrics may be ten times as many
(https://mlflow.org/docs/latest/rest-api.html#log-batch)."""
_MAX_VALUE = 6000
"""Characters of a parameter's value (likewise)."""
_FINISHED = (RunExit.PUSHED, RunExit.NOT_BLESSED)


def check(where: str) -> None:
    """Opens the store, so that a wrong address is found before the run and not after it.

    Args:
      where: a folder, or an address such as http://localhost:5000.

    Raises:
      ConfigError: MLflow is not installed, or cannot open the store.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ConfigError(
            f"--mlflow needs MLflow. Received: {where}, and MLflow is not installed. Install it "
            "with: uv sync --inexact --extra mlflow"
        )
    from mlflow.exceptions import MlflowException

    try:
        _experiment(_client(where))
    # Whatever a store's own library raises, such as requests or a database's driver.
    except (MlflowException, OSError, ImportError, ValueError) as error:
        raise ConfigError(
            f"--mlflow must be a folder or the address of an MLflow server. Received: {where} "
            f"({error})"
        ) from error


def write(where: str, record: Run, results: Results, folder: Path) -> str:
    """Writes parameters, metrics and files of a run that has ended, and returns its id there.

    Args:
      where: see ``check``.
      record: the document of ``run.json``.
      results: of the run.
      folder: the output folder, whose report is among the files.

    Raises:
      MlflowException: the store refuses something.
      OSError: it cannot be reached or written.
    """
    from mlflow.entities import Metric, Param, RunTag

    client = _client(where)
    started = datetime.datetime.fromisoformat(record["started"])
    start = int(started.timestamp() * 1000)
    end = start + int(1000 * (record["seconds"] or 0))
    run = client.create_run(
        _experiment(client), start_time=start, run_name=f"{started:%Y%m%d-%H%M%S}"
    )
    run_id: str = run.info.run_id
    params = [Param(name, value[:_MAX_VALUE]) for name, value in _params(record)]
    for begin in range(0, len(params), _AT_ONCE):
        client.log_batch(run_id, params=params[begin : begin + _AT_ONCE])
    metrics = [Metric(name, value, end, step) for name, value, step in _metrics(record, results)]
    for begin in range(0, len(metrics), 10 * _AT_ONCE):
        client.log_batch(run_id, metrics=metrics[begin : begin + 10 * _AT_ONCE])
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in _tags(record, results)])
    for path in _files(folder):
        client.log_artifact(run_id, str(path))
    status = "FINISHED" if record["exit"] in _FINISHED else "FAILED"
    client.set_terminated(run_id, status, end)
    return run_id


def _client(where: str) -> Any:
    """Returns MLflow's client of a store."""
    # It reports its use to its makers unless it is told not to.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    if "://" not in where and not where.startswith(("file:", "databricks")):
        where = Path(where).absolute().as_uri()
    if where.startswith("file:"):
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=where)


def _experiment(client: Any) -> str:
    """Returns the id of the experiment, which is made where there is none."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found: str = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
    return found


def _params(record: Run) -> Iterator[tuple[str, str]]:
    for group, values in (record["settings"] or {}).items():
        for name, value in values.items():
            yield f"{group}.{name}", str(value)
    for split, csv_file in record["csvs"].items():
        yield f"csv.{split}", csv_file["path"]
        yield f"csv_sha256.{split}", csv_file["sha256"]


def _metrics(record: Run, results: Results) -> Iterator[tuple[str, float, int]]:
    """Yields (name, value, step)."""
    for split, rows in record["rows"].items():
        if rows["used"] is not None:
            yield f"rows.{split}", float(rows["used"]), 0
            refused: Mapping[str, int | None] = {**rows["refused"]}
            yield f"rows_refused.{split}", float(sum(count or 0 for count in refused.values())), 0
    if record["seconds"] is not None:
        yield "seconds", record["seconds"], 0
    if results.metrics:
        for name, value in _scores(results.metrics):
            yield name, value, 0
    if results.checkpoint:
        yield from _curves(results.checkpoint.with_name(artifacts.CURVES_CSV))


def _scores(metrics: Metrics) -> Iterator[tuple[str, float]]:
    model = metrics["model"]
    by_clip = metrics["per_clip"]["model"]
    for headline in HEADLINE:
        yield from _with_ends(headline, model[headline], model["intervals"][headline])
        yield from _with_ends(
            f"clips.{headline}", by_clip[headline], by_clip["intervals"][headline]
        )
    if model["ece"] is not None:
        yield from _with_ends("ece", model["ece"], model["intervals"]["ece"])
    for other, gain in metrics["gain"].items():
        yield from _with_ends(f"gain.{other}", gain["macro_f1"], gain["interval"])
    for index, (mood, scores) in enumerate(metrics["per_mood"].items()):
        name = f"f1.{index}_{_key(mood)}"
        yield from _with_ends(name, scores["f1"], scores["intervals"]["f1"])


def _with_ends(name: str, value: float, interval: Interval) -> Iterator[tuple[str, float]]:
    yield name, value
    if interval:
        yield f"{name}.low", interval[0]
        yield f"{name}.high", interval[1]


def _key(mood: str) -> str:
    """Returns a mood's name without the characters that no metric's name may have."""
    return re.sub(r"[^\w.-]+", "_", MOODS_IN_ENGLISH.get(mood, mood)).strip("_")


def _curves(curves_csv: Path) -> Iterator[tuple[str, float, int]]:
    """Yields the figures of each epoch, counted from 1."""
    if not curves_csv.is_file():
        return
    with curves_csv.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name, text in row.items():
                if name != "epoch" and text:
                    yield f"epoch.{name}", float(text), int(row["epoch"]) + 1


def _tags(record: Run, results: Results) -> Iterator[tuple[str, str]]:
    yield "exit", str(record["exit"])
    yield "log", record["log"]
    yield "versions", json.dumps(record["versions"])
    if record["pushed"]:
        yield "pushed", record["pushed"]
    if record["error"]:
        yield "error", record["error"][:_MAX_VALUE]
    if results.training:
        yield "device", results.training["device"] or "CPU"


def _files(folder: Path) -> Sequence[Path]:
    """Returns the files that are copied into the store."""
    names = ("report.html", "report.json", "run.json", "model_card.md")
    return [path for path in (folder / name for name in names) if path.is_file()]
