"""The documents of the runs of an output folder."""

import json
import logging
from pathlib import Path

import pytest

from pipeline.config import Settings
from report import page
from report.overview import history
from report.results import Results
from report.tables import trend
from schemas.documents.run import Report
from testing.report import score_documents
from testing.report.records import record


def report_at(minute: int, macro_f1: float | None = None, **train: object) -> Report:
    """A run's document; without a score it has not come to the Evaluator."""
    metrics = score_documents.metrics() if macro_f1 is not None else None
    if metrics is not None and macro_f1 is not None:
        metrics["model"]["macro_f1"] = macro_f1
    settings = Settings()
    started = f"2026-11-23T06:{minute:02}:00+09:00"
    run = {**record(settings), "started": started}
    run["settings"] = {**settings.as_dict(), "train": {**settings.as_dict()["train"], **train}}
    return page.document(run, Results(metrics=metrics))  # type: ignore[arg-type]


def test_each_run_is_kept_and_those_with_scores_are_the_trend(tmp_path: Path) -> None:
    for minute, score in ((1, 0.4), (2, None), (3, 0.6)):
        path = history.keep(tmp_path, report_at(minute, score))
    assert path == tmp_path / "runs" / "20261123-060300.json"
    assert json.loads(path.read_text("utf-8"))["record"]["started"] == "2026-11-23T06:03:00+09:00"
    runs = history.recent(tmp_path)
    assert [(run.name, run.macro_f1) for run in runs] == [
        ("20261123-060100", 0.4),
        ("20261123-060300", 0.6),
    ]
    assert [run.macro_f1 for run in history.recent(tmp_path, most=1)] == [0.6]


def test_a_file_that_is_no_run_is_left_out_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history.keep(tmp_path, report_at(1, 0.4))
    (tmp_path / "runs" / "20261123-070000.json").write_text("{", "utf-8")
    (tmp_path / "runs" / "20261123-070001.json").write_text('{"metrics": {}}', "utf-8")
    with caplog.at_level(logging.WARNING):
        assert len(history.recent(tmp_path)) == 1
    assert len(caplog.records) == 2


def test_without_a_folder_there_is_no_trend() -> None:
    assert history.recent(None) == []


def test_the_trend_names_the_settings_that_changed_from_run_to_run(tmp_path: Path) -> None:
    history.keep(tmp_path, report_at(1, 0.4, epochs=5))
    history.keep(tmp_path, report_at(2, 0.5, epochs=5))
    history.keep(tmp_path, report_at(3, 0.6, epochs=9, batch_size=4))
    rows = trend.table(history.recent(tmp_path)).rows
    assert [row[-1].text[1] for row in rows] == ["train.batch_size=4, train.epochs=9", "none", ""]
