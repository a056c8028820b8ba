"""Scores of a classifier from its confusion matrix: arithmetic only.

All means over moods are over the moods that the rows show (support above 0): recall is not
defined for another, and answering such a mood already lowers the recall of the true one.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
"""float64[k, k]: rows are the truth, columns the answers, in the label map's order."""


def accuracy(confusion: Matrix) -> float:
    """Returns the share of right answers, [0, 1]; 0 where there are no rows."""
    total = confusion.sum()
    return float(np.trace(confusion) / total) if total else 0.0


def recalls(confusion: Matrix) -> Matrix:
    """Returns float64[k] in [0, 1]; 0 for a mood that no row shows."""
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def precisions(confusion: Matrix) -> Matrix:
    """Returns float64[k] in [0, 1]; 0 for a mood that was never answered."""
    return _ratio(np.diag(confusion), confusion.sum(axis=0))


def f1s(confusion: Matrix) -> Matrix:
    """Returns float64[k] in [0, 1]: 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0."""
    return _ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def balanced_accuracy(confusion: Matrix) -> float:
    """Returns the mean recall over the moods shown, [0, 1]."""
    return _mean_over_shown(recalls(confusion), confusion)


def macro_f1(confusion: Matrix) -> float:
    """Returns the mean F1 over the moods shown, [0, 1]."""
    return _mean_over_shown(f1s(confusion), confusion)


def majority_confusion(confusion: Matrix) -> Matrix:
    """Returns the matrix of always answering the mood that most rows show.

    No constant answer has a higher accuracy or macro-F1 on these rows.
    """
    support = confusion.sum(axis=1)
    constant = np.zeros_like(confusion)
    constant[:, int(np.argmax(support))] = support
    return constant


def headline(confusion: Matrix) -> dict[str, float]:
    """Returns accuracy, balanced accuracy and macro-F1 by name."""
    return {
        "accuracy": accuracy(confusion),
        "balanced_accuracy": balanced_accuracy(confusion),
        "macro_f1": macro_f1(confusion),
    }


def per_mood(confusion: Matrix, moods: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Returns precision, recall, F1 and support (rows) of each mood."""
    columns = zip(
        precisions(confusion),
        recalls(confusion),
        f1s(confusion),
        confusion.sum(axis=1),
        strict=True,
    )
    return {
        mood: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for mood, (p, r, f, n) in zip(moods, columns, strict=True)
    }


def _ratio(part: Matrix, whole: Matrix) -> Matrix:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _mean_over_shown(values: Matrix, confusion: Matrix) -> float:
    shown = confusion.sum(axis=1) > 0
    return float(values[shown].mean()) if shown.any() else 0.0
