"""The summary of a run, on narrow and wide terminals and in a pipe."""

import datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from dataset.boxes import PixelBox
from report.node_run import NodeRun, NodeState
from report.results import Results
from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from schemas.exit_codes import RunExit
from testing.report import documents
from testing.runner.summaries import ERROR, INGEST, WARNING, line_with, summary


def test_moods_rows_and_reasons_stand_under_their_splits(record: RunRecord) -> None:
    text = summary(record)
    assert line_with(text, "  공포  ") == ["공포", "100", "10", "0.500", "-"]
    assert line_with(text, "  used  ") == ["used", "1,000", "40"]
    assert line_with(text, "box_empty") == ["refused:", "box_empty", "7", "0"]
    assert line_with(text, "image_missing") == ["refused:", "image_missing", "3", "0"]
    assert "rejects.csv" in text


def test_rows_that_were_taken_over_are_told_where_there_are_any(record: RunRecord) -> None:
    assert "taken over" not in summary(record) and "photos read" not in summary(record)
    assert record.results.ingest is not None
    record.results.ingest["splits"]["train"].update(reused=980, read=30)
    text = summary(record)
    assert line_with(text, "taken over")[-2:] == ["980", "0"]
    assert line_with(text, "photos read")[-2:] == ["30", "0"]


def test_columns_align_although_hangul_takes_two_cells(record: RunRecord) -> None:
    lines = summary(record).splitlines()
    ends = []
    for part, last in (("  공포  ", "100"), ("행복/즐거움  ", "900"), ("  used  ", "1,000")):
        (line,) = [line for line in lines if part in line and last in line]
        ends.append(cell_len(line[: line.index(last) + len(last)]))
    assert len(set(ends)) == 1


def test_a_pushed_model_comes_with_a_command_that_can_be_copied(
    record: RunRecord, tmp_path: Path
) -> None:
    example = ExampleRow(tmp_path / "a b.jpg", PixelBox(1, 2, 30, 40), "공포")
    text = summary(record, example, width=40)
    assert text.splitlines()[-3:] == [
        f"  uv run python inference.py --weight_path {tmp_path / 'serving' / '17'} \\",
        "    --box 1,2,30,40 \\",
        f"    '{tmp_path / 'a b.jpg'}'",
    ]
    assert "  Pushed  " in text
    assert "took 1:23, 1 of 2 steps reused" in text


def test_a_model_that_finds_animals_says_that_no_box_is_needed(
    record: RunRecord, tmp_path: Path
) -> None:
    example = ExampleRow(tmp_path / "a.jpg", PixelBox(1, 2, 30, 40), "공포")
    assert "Without --box" not in summary(record, example)
    record.results.locator = documents.locator()
    assert summary(record, example).splitlines()[-1] == (
        "  Without --box the model finds the animal itself."
    )


def test_refused_data_shows_what_was_found_and_no_metrics(record: RunRecord) -> None:
    record.exit = RunExit.DATA_REFUSED
    record.results.metrics = record.results.servable = record.results.pushed = None
    record.results.validation = {"verdict": "refused", "findings": [WARNING, ERROR]}
    text = summary(record)
    assert line_with(text, "of 100")[0] == "error"
    assert "Data refused" in text
    assert "accuracy" not in text
    assert "precision" not in text


def test_what_both_reports_found_is_summary(record: RunRecord) -> None:
    leak = {"severity": "error", "split": "eval", "message": "12 frames nearly equal"}
    record.results.leaks = {"verdict": "refused", "findings": [leak], "leaks": {}, "examples": []}
    text = summary(record)
    assert line_with(text, "10% of train")[0] == "warning"
    assert line_with(text, "nearly equal") == ["error", "eval", *leak["message"].split()]
    record.results.validation = {"verdict": "ok", "findings": []}
    assert line_with(summary(record), "nearly equal")[0] == "error"


def test_a_stopped_run_is_no_failure(record: RunRecord) -> None:
    record.exit, record.results = RunExit.OTHER, Results()
    record.nodes["Pusher"] = NodeRun("Pusher", 1.0, NodeState.STOPPED)
    text = summary(record)
    assert "  Stopped\n" in text
    assert "Failed" not in text


def test_a_run_that_failed_early_shows_what_there_is(tmp_path: Path) -> None:
    started = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
    record = RunRecord(tmp_path, tmp_path / "run.log", started, exit=1, seconds=2.0)
    record.nodes = {"PetExampleGen": None}
    text = summary(record)
    assert "Failed" in text
    assert len(text.split("\n")) <= 5


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_keep_within_the_terminal(record: RunRecord, width: int) -> None:
    values = {"train.learning_rate": 3e-5, "train.imbalance": "logit_adjustment"}
    trial = {"trial": "0", "values": values, "score": 0.5, "seconds": 1.0}
    record.results.tuner = {"best": "0", "trials": [trial]}
    tables, _, _ = summary(record, width=width).partition("  Pushed")
    lines = [line.rstrip() for line in tables.splitlines() if "rejects.csv" not in line]
    assert max(cell_len(line) for line in lines) <= width


def test_frames_that_were_thinned_are_shown_by_mood(record: RunRecord) -> None:
    train = {**INGEST["splits"]["train"], "thinned": {"공포": 0, "행복/즐거움": 2100}}
    record.results = Results(ingest={"splits": {**INGEST["splits"], "train": train}})
    lines = summary(record).splitlines()
    (header,) = (line for line in lines if line.split()[:1] == ["rows"])
    assert header.split() == ["rows", "train", "eval", "thinned"]
    (mood,) = (line for line in lines if line.split()[:1] == ["행복/즐거움"])
    assert mood.split() == ["행복/즐거움", "900", "30", "2,100"]
    (used,) = (line for line in lines if line.split()[:1] == ["used"])
    assert used.split() == ["used", "1,000", "40", "2,100"]


def test_rows_that_choose_and_judge_are_told(record: RunRecord) -> None:
    said = "the eval rows that judge the model have also chosen it"
    assert said in summary(record, width=300)
    splits = INGEST["splits"]
    record.results.ingest = {"splits": {**splits, "validation": splits["eval"]}}
    assert said not in summary(record, width=300)
