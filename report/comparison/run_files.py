"""The files of a run that is compared: its document, its scores and its predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import json_text
from schemas.documents.evaluation import HEADLINE
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit

_RULE = (
    "RUN must be an output folder of local_runner.py or train.py, its run.json or report.json, or "
    "a file in its folder runs"
)
_ENDINGS: Mapping[object, str] = {
    RunExit.PUSHED: "pushed",
    RunExit.DATA_REFUSED: "data_refused",
    RunExit.NOT_BLESSED: "not_blessed",
}


@dataclass(frozen=True)
class RunFiles:
    """A run's documents, which an earlier version may have written.

    Attributes:
      name: short and of this run alone among those compared.
      path: that was given.
      record: ``run.json``.
      ending: how the run ended.
      metrics: ``METRICS_JSON``; None where it has not come so far, or the file is gone.
      training: ``TRAINING_JSON``; likewise.
      ingest: ``INGEST_JSON``; likewise.
      predictions: path of ``PREDICTIONS_PARQUET``; likewise.
    """

    name: str
    path: Path
    record: Mapping[str, Any]
    ending: str
    metrics: Mapping[str, Any] | None
    training: Mapping[str, Any] | None
    ingest: Mapping[str, Any] | None
    predictions: Path | None


def read_runs(paths: Sequence[Path]) -> list[RunFiles]:
    """Returns the runs in the order given.

    Raises:
      ConfigError: they are fewer than two, or a path is no run's.
    """
    if len(paths) < 2:
        raise ConfigError(f"compare.py takes two runs or more. Received: {len(paths)}. {_RULE}")
    runs = [_read(path) for path in paths]
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return runs
    return [
        RunFiles(f"{index} {run.name}", *(getattr(run, name) for name in _OTHERS))
        for index, run in enumerate(runs, 1)
    ]


_OTHERS = ("path", "record", "ending", "metrics", "training", "ingest", "predictions")


def _read(path: Path) -> RunFiles:
    try:
        return _parsed(path)
    except ConfigError:
        raise
    # What an altered document leads to, such as a list where a text should be.
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{_RULE}. Received: {path}, whose document is altered ({type(error).__name__}: "
            f"{str(error)[:200]})"
        ) from error


def _parsed(path: Path) -> RunFiles:
    file = _document_of(path)
    try:
        document: Any = json_text.parsed(json_text.read(file))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{_RULE}. Received: {path}, which cannot be read ({error})") from error
    is_report = isinstance(document, dict) and isinstance(document.get("record"), dict)
    record = document["record"] if is_report else document
    if not isinstance(record, dict) or not {"exit", "started", "nodes"} <= set(record):
        raise ConfigError(f"{_RULE}. Received: {path}, which is no document of a run")
    metrics = document.get("metrics") if is_report else _metrics_of(record, file)
    if metrics is not None:
        _check_scores(metrics, path)
    folder = path if path.is_dir() else file.parent
    folder = folder.parent if folder.name == "runs" else folder
    return RunFiles(
        name=file.stem if file.parent.name == "runs" else folder.resolve().name,
        path=path,
        record=record,
        ending=document["ending"] if is_report else _ENDINGS.get(record["exit"], "failed"),
        metrics=metrics,
        training=document.get("training") if is_report else None,
        ingest=document.get("ingest") if is_report else None,
        predictions=_existing(record.get("predictions"), record, folder),
    )


def _document_of(path: Path) -> Path:
    """Returns the JSON document of a run; of a folder that with all scores, where it is there."""
    if not path.is_dir():
        if not path.is_file():
            raise ConfigError(f"{_RULE}. Received: {path}, which is not there")
        return path
    run, report = path / "run.json", path / "report.json"
    if not run.is_file():
        raise ConfigError(f"{_RULE}. Received: {path}, which has no run.json")
    return report if report.is_file() and _is_of_same_run(run, report) else run


def _is_of_same_run(run: Path, report: Path) -> bool:
    """Returns whether a report is of the run in run.json: a later one may have been killed."""
    try:
        started = json_text.read_object(run).get("started")
        match json_text.read_object(report):
            case {"record": {"started": other}}:
                return bool(other == started)
    except (OSError, ValueError):
        pass
    return False


def _metrics_of(record: Mapping[str, Any], file: Path) -> Mapping[str, Any] | None:
    path = _existing(record.get("metrics_json"), record, file.parent)
    try:
        return json_text.read_object(path) if path else None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} must be metrics.json of a run. Received: {error}") from error


def _check_scores(metrics: Mapping[str, Any], path: Path) -> None:
    """Raises ConfigError where scores have not the form of this version or of a recent one."""
    try:
        known = {"rows", "clips"} <= set(metrics) and set(HEADLINE) <= set(
            metrics["model"]["intervals"]
        )
    except (KeyError, TypeError):
        known = False
    if not known:
        raise ConfigError(
            f"The scores of a run must have the form of metrics.json. Received: {path}, whose "
            "scores another version has written. Run its command again with this version"
        )


def _existing(text: str | None, record: Mapping[str, Any], folder: Path) -> Path | None:
    """Returns the path of a file that the record names, also where its folder was moved."""
    if not text:
        return None
    path = Path(text)
    if path.is_file():
        return path
    try:
        # The log lies in the output folder's folder logs.
        moved = folder / path.relative_to(Path(record["log"]).parent.parent)
    except (ValueError, KeyError, TypeError):
        return None
    return moved if moved.is_file() else None
