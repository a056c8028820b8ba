"""The model card: what it says of a run, and that it says nothing else."""

import datetime
import re
from pathlib import Path

import pytest

from pipeline.config import Settings
from report import model_card, page
from report.results import Results
from runner.run_record import RunRecord
from schemas.documents.run import Report
from schemas.documents.training import Preprocessing
from testing.report import documents, score_documents

STARTED = datetime.datetime(2026, 11, 23, 6, 15, tzinfo=datetime.timezone.utc)


def report(folder: Path, preprocessing: Preprocessing | None = None, **results: object) -> Report:
    record = RunRecord(folder, folder / "run.log", STARTED, Settings(), exit=0, seconds=1.0)
    record.results = Results(
        ingest=documents.ingest(),
        leaks=documents.leaks(),
        metrics=score_documents.metrics(),
        preprocessing=preprocessing or documents.preprocessing(),
    )
    for name, value in results.items():
        setattr(record.results, name, value)
    return page.document(record.as_json(), record.results)


def test_the_card_has_the_figures_of_the_run(tmp_path: Path) -> None:
    card = model_card.render(report(tmp_path))
    assert "EfficientNetB0 at 224 x 224 pixels; weights at the beginning: imagenet." in card
    assert "calibrated with the temperature 1.250; temperature and threshold were chosen" in card
    assert "On 40 rows of 4 clips of the eval split" in card
    # Scores of the model, of the majority and of clips.
    assert "| macro-F1 | 0.500 | 0.430 | 0.500 |" in card
    assert "below 0.520 are unsure: 0.250 of\nthe rows. The others are right in 0.700" in card
    assert "| 1.000 | 0.400 | 0.500 |" in card
    assert "(fearful: fearful)" in card
    assert "drawings" not in card


def test_intervals_stand_beside_the_scores(tmp_path: Path) -> None:
    metrics = score_documents.metrics()
    metrics["model"]["intervals"]["macro_f1"] = [0.4, 0.6]
    card = model_card.render(report(tmp_path, metrics=metrics))
    assert "| macro-F1 | 0.500 (0.400 to 0.600) |" in card


def test_a_model_of_drawings_says_so_first(tmp_path: Path) -> None:
    preprocessing = documents.preprocessing()
    preprocessing["trained_on"] = "drawings"
    card = model_card.render(report(tmp_path, preprocessing))
    assert card.index("**Trained on drawings") < card.index("## Model")


def test_what_was_not_measured_is_not_claimed(tmp_path: Path) -> None:
    metrics = score_documents.metrics()
    metrics["unsure"]["threshold"] = 0.0
    metrics["calibration"]["temperature"] = 1.0
    metrics["calibration"]["fitted_on"] = ""
    metrics["verdict"]["blessed"] = False
    metrics["verdict"]["checks"][0]["passed"] = False
    card = model_card.render(report(tmp_path, metrics=metrics, ingest=None, leaks=None))
    assert "No threshold was chosen" in card
    assert "as the network gives them." in card
    assert "**Checks that failed:** macro-F1 0.500 against 0.430." in card
    assert "whole photo, which was not measured here." in card


def test_without_an_evaluation_there_is_no_card(tmp_path: Path) -> None:
    assert model_card.render(report(tmp_path, metrics=None)) == ""


def test_names_of_the_data_break_no_table(tmp_path: Path) -> None:
    metrics = score_documents.metrics()
    metrics["slices"]["species=a|b<script>"] = metrics["slices"].pop("species=CAT")
    card = model_card.render(report(tmp_path, metrics=metrics))
    assert r"| species=a\|b\<script\> |" in card


@pytest.mark.parametrize("heading", ["Model", "Intended use", "Data", "Scores", "Limits"])
def test_the_card_has_every_section(tmp_path: Path, heading: str) -> None:
    assert re.search(rf"^## {heading}", model_card.render(report(tmp_path)), re.MULTILINE)


def test_tables_have_no_empty_lines_inside(tmp_path: Path) -> None:
    lines = model_card.render(report(tmp_path)).splitlines()
    headers = [index for index, line in enumerate(lines) if line.startswith("|---")]
    assert len(headers) == 5
    for index in headers:
        assert lines[index - 1].count("|") == lines[index].count("|") == lines[index + 1].count("|")
