"""Confusion matrices as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.translations import TEXTS, Pair, mood
from schemas.documents.evaluation import Metrics


@dataclass(frozen=True)
class MatrixCell:
    """A number of rows, and its share of the true mood's, in [0, 1]."""

    count: int
    share: float
    is_right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix; row i has the rows whose true mood is ``moods[i]``."""

    name: str
    title: Pair
    moods: Sequence[Pair]
    rows: Sequence[Sequence[MatrixCell]]


def matrices(metrics: Metrics) -> list[Matrix]:
    """Returns the matrices of frames and, where there is one, of clips."""
    counts = {
        "confusion-frames": (TEXTS["by_frame"], metrics["confusion"]),
        "confusion-clips": (TEXTS["by_clip"], metrics["per_clip"]["model"].get("confusion")),
    }
    moods = [mood(name) for name in metrics["moods"]]
    return [
        Matrix(name, title, moods, [_cells(i, row) for i, row in enumerate(rows)])
        for name, (title, rows) in counts.items()
        if rows
    ]


def _cells(true: int, row: Sequence[int]) -> list[MatrixCell]:
    total = sum(row)
    return [
        MatrixCell(count, count / total if total else 0, predicted == true)
        for predicted, count in enumerate(row)
    ]
