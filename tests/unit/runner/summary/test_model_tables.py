"""The summary's tables of a run's model."""

from typing import Any

from runner.run_record import RunRecord
from schemas import exports
from schemas.documents.exports import Export, Exports
from schemas.exit_codes import RunExit
from testing.report import score_documents
from testing.runner.summaries import METRICS, line_with, summary


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


def exported(name: str, *, kept: bool = True, located: bool | None = None) -> Export:
    export: Export = {
        **{"format": name, "kept": kept, "reason": "92.5% and 0.723", "max_difference": 0.0},
        **{"same_mood": 1.0, "macro_f1": 0.5, "bytes": 17_000_000, "milliseconds": 8.25},
        "locator": None,
    }  # type: ignore[typeddict-item]
    if located is not None:
        export["locator"] = {
            **exports.refused_locator("finds of 98.0%"),
            **{"kept": located, "same_finds": 0.98},  # type: ignore[typeddict-item]
        }
    return export


def exports_of(*formats: Export) -> Exports:
    return {
        **{"version": "17", "folder": None, "rows": 40, "macro_f1": 0.5},
        **{"macro_f1_interval": [0.4, 0.6], "exports": [*formats]},
    }  # type: ignore[typeddict-item]


def test_an_export_without_its_locator_says_so_and_why(record: RunRecord) -> None:
    record.results.exports = exports_of(
        exported("onnx", located=True),
        exported("litert_fp16", located=False),
        exported("onnx_int8", kept=False),
    )
    text = summary(record, width=160)
    assert line_with(text, "exports, on 40")[5:7] == ["locator", "same"]
    assert line_with(text, "onnx  ")[1:3] == ["kept", "kept"]
    assert line_with(text, "litert_fp16  ")[1:4] == ["kept", "left", "out"]
    assert line_with(text, "onnx_int8  ")[1:3] == ["refused", "-"]
    assert (
        "litert_fp16: without its locator, which is left out, it takes photos without a box as a "
        "whole: finds of 98.0%"
    ) in text
    assert "onnx_int8: 92.5% and 0.723" in text
    assert "\nonnx: " not in text


def test_exports_of_a_model_without_a_locator_have_no_column_for_it(record: RunRecord) -> None:
    record.results.exports = exports_of(exported("onnx"))
    assert "locator" not in summary(record, width=160)
