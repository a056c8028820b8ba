"""Runs in MLflow's file store, through MLflow's own library."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Settings
from report.results import Results
from runner import mlflow_writer
from schemas.errors import ConfigError
from testing.report import score_documents
from testing.report.records import record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run in a store, and MLflow's client of it."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "out").mkdir()
    for name in ("report.html", "model_card.md"):
        (folder / "out" / name).write_text(name, "utf-8")
    (folder / "run").mkdir()
    (folder / "run" / "curves.csv").write_text("epoch,loss,val_loss\n0,2.5,\n1,1.5,1.75\n", "utf-8")
    results = Results(metrics=score_documents.metrics(), checkpoint=folder / "run" / "best.keras")
    run = record(Settings())
    run["csvs"] = {"train": {"path": "t.csv", "sha256": "aa", "bytes": 1}}
    run["rows"] = {"train": {**NO_ROWS, "used": 93, "refused": {"box_empty": 7}}}  # type: ignore[typeddict-item]
    store = folder / "store"
    mlflow_writer.check(str(store))
    run_id = mlflow_writer.write(str(store), run, results, folder / "out")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=store.as_uri())
    return client, client.get_run(run_id)


NO_ROWS = dict.fromkeys(("clipped", "moods", "thinned", "reused", "read"))


def test_settings_and_csvs_are_parameters(written: Any) -> None:
    _, run = written
    assert run.data.params["train.epochs"] == "20"
    assert run.data.params["csv_sha256.train"] == "aa"
    names = {f"{group}.{name}" for group, each in Settings().as_dict().items() for name in each}
    assert names <= set(run.data.params)


def test_scores_are_metrics_with_the_ends_of_their_intervals(written: Any) -> None:
    client, run = written
    metrics = run.data.metrics
    assert metrics["macro_f1"] == 0.5
    assert (metrics["gain.majority"], metrics["gain.majority.low"]) == (0.07, 0.06)
    # Its interval is None, of too few clips.
    assert "macro_f1.low" not in metrics
    assert metrics["f1.0_fearful"] == pytest.approx(1 / 3)
    assert metrics["f1.1_calm_at_ease"] == pytest.approx(2 * 0.7 * 0.8 / 1.5)
    assert (metrics["rows.train"], metrics["rows_refused.train"]) == (93, 7)
    history = client.get_metric_history(run.info.run_id, "epoch.loss")
    assert [(each.step, each.value) for each in history] == [(1, 2.5), (2, 1.5)]
    assert len(client.get_metric_history(run.info.run_id, "epoch.val_loss")) == 1


def test_the_page_and_the_card_are_there_and_the_run_has_ended(written: Any) -> None:
    client, run = written
    names = [each.path for each in client.list_artifacts(run.info.run_id)]
    assert names == ["model_card.md", "report.html"]
    assert (run.info.status, run.info.run_name) == ("FINISHED", "20261123-061500")
    # 83 s after its start.
    assert run.info.end_time - run.info.start_time == 83_000
    assert client.get_experiment(run.info.experiment_id).name == mlflow_writer.EXPERIMENT


def test_a_store_that_cannot_be_opened_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--mlflow must be a folder or the address"):
        mlflow_writer.check(str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="--mlflow must be a folder or the address"):
        mlflow_writer.check("nothing://x")


def test_without_mlflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="uv sync --inexact --extra mlflow"):
        mlflow_writer.check("mlruns")
