"""The summary of a run, on narrow and wide terminals and in a pipe."""

import copy
import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from dataset.boxes import PixelBox
from report.node_run import NodeRun, NodeState
from report.results import Results
from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from runner.summary.run_summary import print_summary
from schemas.exit_codes import RunExit
from testing.report import score_documents

INGEST: dict[str, Any] = {
    "splits": {
        "train": {
            "rows": 1010,
            "used": 1000,
            "moods": {"공포": 100, "행복/즐거움": 900},
            "thinned": {"공포": 0, "행복/즐거움": 0},
            "refused": {"box_empty": 7, "image_missing": 3},
            "clips": 100,
            "clipped": 0,
            "reused": 0,
            "read": 0,
            "bytes": 1,
        },
        "eval": {
            "rows": 40,
            "used": 40,
            "moods": {"공포": 10, "행복/즐거움": 30},
            "thinned": {"공포": 0, "행복/즐거움": 0},
            "refused": {},
            "clips": 4,
            "clipped": 0,
            "reused": 0,
            "read": 0,
            "bytes": 1,
        },
    }
}
METRICS: dict[str, Any] = {
    **score_documents.metrics(),
    "majority": {**score_documents.predictor_scores(0.75, 0.5, 0.4286), "mood": "행복/즐거움"},
    "per_mood": {"공포": {"precision": 0.5, "recall": None, "support": 10}},
    "verdict": {
        "blessed": True,
        "checks": [
            {"check": "over_majority", "passed": True, "message": "macro-F1 0.500 against 0.479"}
        ],
    },
}
WARNING = {"severity": "warning", "split": "eval", "message": "공포 is 10% of train"}
ERROR = {"severity": "error", "split": "train", "message": "60 of 100 rows are refused"}


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    started = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
    record = RunRecord(tmp_path, tmp_path / "run.log", started, exit=0, seconds=83.0)
    record.nodes = {
        "Trainer": NodeRun("Trainer", 1.0, NodeState.REUSED),
        "Pusher": NodeRun("Pusher", 1.0, NodeState.DONE),
    }
    record.results = Results(
        ingest=copy.deepcopy(INGEST),
        rejects_csv=tmp_path / "rejects.csv",
        validation={"verdict": "ok", "findings": [WARNING]},
        metrics=copy.deepcopy(METRICS),
        servable={"passed": True, "pictures": 8, "checks": []},
        pushed=tmp_path / "serving" / "17",
    )
    return record


def summary(record: RunRecord, example: ExampleRow | None = None, width: int = 80) -> str:
    text = io.StringIO()
    print_summary(Console(file=text, width=width), record, example)
    return text.getvalue()


def line_with(text: str, part: str) -> list[str]:
    """Returns the words of the only line that has ``part``."""
    (line,) = [line for line in text.splitlines() if part in line]
    return line.split()


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


def test_metrics_stand_beside_the_majority_answer(record: RunRecord) -> None:
    text = summary(record)
    assert "on 40 eval rows    model  95 % interval by clip  always 행복/즐거움" in text
    assert line_with(text, "macro-F1    ") == ["macro-F1", "0.500", "-", "0.429"]


def test_the_intervals_and_the_clips_stand_beside_the_scores(record: RunRecord) -> None:
    assert record.results.metrics is not None
    scores = {**METRICS["model"], "ece": 0.1}
    ends: dict[str, list[float] | None] = {name: [0.41, 0.58] for name in scores}
    clips = {"macro_f1": 0.7, "intervals": {"macro_f1": None}}
    record.results.metrics = {
        **record.results.metrics,
        "model": {**scores, "intervals": ends},
        "compared": {**scores, "macro_f1": 0.2},
        "per_clip": {"model": clips, "majority": {"macro_f1": 0.3}, "compared": clips},
    }
    text = summary(record, width=100)
    assert line_with(text, "  macro-F1   ") == [
        "macro-F1",
        "0.500",
        "0.410",
        "to",
        "0.580",
        *("0.429", "0.200"),
    ]
    assert line_with(text, "calibration error")[2:] == [
        "0.100",
        "0.410",
        "to",
        "0.580",
        "-",
        "0.100",
    ]
    assert line_with(text, "macro-F1 by clip")[3:] == ["0.700", "-", "0.300", "0.700"]
    assert "compare_with" in text


def test_the_best_trials_come_first_and_the_others_are_counted(record: RunRecord) -> None:
    def trial(name: int, score: float | None) -> dict[str, Any]:
        values = {"train.learning_rate": 10.0**-name, "train.fine_tune": "two_phase"}
        return {"trial": str(name), "values": values, "score": score, "seconds": 60.0 * name}

    scores = [None, 0.1, 0.7, 0.3, 0.4, 0.5, 0.6, None]
    trials = [trial(name, score) for name, score in enumerate(scores)]
    record.results.tuner = {"best": "2", "trials": trials}
    lines = [line.split() for line in summary(record, width=120).splitlines()]
    begin = next(i for i, words in enumerate(lines) if words[:1] == ["trials"])
    assert lines[begin + 1] == [
        *("2", "0.700", "2:00"),
        *("train.learning_rate=0.01", "train.fine_tune=two_phase"),
    ]
    assert [words[0] for words in lines[begin + 1 : begin + 6]] == ["2", "6", "5", "4", "3"]
    assert lines[begin + 6 : begin + 8] == [["1", "more"], ["2", "failed"]]


def test_the_last_blessed_model_gets_a_column_where_there_is_one(record: RunRecord) -> None:
    assert record.results.metrics is not None
    record.results.metrics = {
        **record.results.metrics,
        "baseline": score_documents.predictor_scores(0.1, 0.2, 0.3),
        "per_clip": {
            **record.results.metrics["per_clip"],
            "baseline": score_documents.predictor_scores(0.1, 0.2, 0.3),
        },
    }
    text = summary(record)
    assert "last blessed" in text
    assert line_with(text, "macro-F1    ")[-1] == "0.300"


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


def test_a_model_that_is_not_blessed_says_why(record: RunRecord) -> None:
    record.exit, record.results.pushed = RunExit.NOT_BLESSED, None
    record.results.metrics = {
        **METRICS,
        "verdict": {
            "blessed": False,
            "checks": [{"check": "over_majority", "passed": False, "message": "0.3 against 0.479"}],
        },
    }
    text = summary(record)
    assert line_with(text, "against") == ["failed", "blessing", "0.3", "against", "0.479"]
    assert "Not pushed: the model is not blessed" in text
    assert "inference.py" not in text


def test_a_servable_that_failed_says_why(record: RunRecord) -> None:
    record.exit, record.results.pushed = RunExit.NOT_BLESSED, None
    record.results.servable = {
        "passed": False,
        "pictures": 8,
        "checks": [
            {
                "check": "tf1_loader",
                "passed": False,
                "message": "Traceback:\n  File x\nCould not find variable\n",
            },
            {"check": "tf2_loader", "passed": True, "message": "loaded"},
        ],
    }
    text = summary(record)
    assert line_with(text, "variable")[:2] == ["failed", "servable"]
    assert "loaded" not in text
    assert "File x" not in text
    assert "Not pushed: the model is not servable" in text


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
