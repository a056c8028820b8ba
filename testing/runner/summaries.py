"""Documents of a run, and its summary as text."""

import io
from typing import Any

from rich.console import Console

from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from runner.summary.run_summary import print_summary
from testing.report import documents, score_documents

_REFUSED = {"box_empty": 7, "image_missing": 3}
INGEST: dict[str, Any] = {
    "splits": {
        "train": documents.split_counts({"공포": 100, "행복/즐거움": 900}, 100, _REFUSED),
        "eval": documents.split_counts({"공포": 10, "행복/즐거움": 30}, 4),
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


def summary(record: RunRecord, example: ExampleRow | None = None, width: int = 80) -> str:
    text = io.StringIO()
    print_summary(Console(file=text, width=width), record, example)
    return text.getvalue()


def line_with(text: str, part: str) -> list[str]:
    """Returns the words of the only line that has ``part``."""
    (line,) = [line for line in text.splitlines() if part in line]
    return line.split()
