"""Scores of a classifier from its confusion matrix: arithmetic only.

A matrix may have a further column, of rows that the model had no answer for (NaN): they count
as rows of their mood that were not answered right, and as nobody's answer. All functions take
one matrix or, along leading axes, many.

All means over moods are over the moods that the rows show (support above 0): recall is not
defined for another, and answering such a mood already lowers the recall of the true one.
"""

import numpy as np
import numpy.typing as npt

from schemas import documents

Matrix = npt.NDArray[np.float64]
"""float64[..., k, k or k + 1]: rows are the truth, columns the answers, in the label map's
order."""
Values = npt.NDArray[np.float64]

HEADLINE = documents.HEADLINE
"""Names of what ``headline`` returns, in order."""


def accuracy(confusion: Matrix) -> Values:
    """Returns the share of right answers, float64[...] in [0, 1]; 0 where there are no rows."""
    return _ratio(_right(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def recalls(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]; 0 for a mood that no row shows."""
    return _ratio(_right(confusion), confusion.sum(axis=-1))


def precisions(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]; 0 for a mood that was never answered."""
    return _ratio(_right(confusion), _answered(confusion))


def f1s(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]: 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0."""
    return _ratio(2 * _right(confusion), _answered(confusion) + confusion.sum(axis=-1))


def balanced_accuracy(confusion: Matrix) -> Values:
    """Returns the mean recall over the moods shown, float64[...] in [0, 1]."""
    return _mean_over_present(recalls(confusion), confusion)


def macro_f1(confusion: Matrix) -> Values:
    """Returns the mean F1 over the moods shown, float64[...] in [0, 1]."""
    return _mean_over_present(f1s(confusion), confusion)


def headline(confusion: Matrix) -> Values:
    """Returns float64[..., 3]: the scores that ``HEADLINE`` names."""
    return np.stack(
        [accuracy(confusion), balanced_accuracy(confusion), macro_f1(confusion)], axis=-1
    )


def majority_confusion(confusion: Matrix, mood: int) -> Matrix:
    """Returns the matrices of always answering one mood to the same rows.

    With the mood that most rows show, no constant answer has a higher accuracy or macro-F1.
    """
    constant = np.zeros_like(confusion)
    constant[..., mood] = confusion.sum(axis=-1)
    return constant


def _right(confusion: Matrix) -> Values:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _answered(confusion: Matrix) -> Values:
    return confusion.sum(axis=-2)[..., : confusion.shape[-2]]


def _ratio(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)


def _mean_over_present(values: Values, confusion: Matrix) -> Values:
    present = confusion.sum(axis=-1) > 0
    return _ratio((values * present).sum(axis=-1), present.sum(axis=-1))
