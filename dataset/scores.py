"""Scores of a classifier, computed from its confusion matrix.

A matrix may have a further column for rows without a prediction (a NaN or infinite probability):
these are rows of their true mood that were predicted wrongly, and count as a prediction of no
mood. All functions take one matrix or, along leading axes, many.

All means over moods are over the moods that have rows (support above 0): recall is not defined
for the others, and predicting such a mood already lowers the recall of the true one.
"""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
"""float64[..., k, k or k + 1]: rows are true moods, columns predicted ones, in the label map's
order."""
Values = npt.NDArray[np.float64]


def accuracy(confusion: Matrix) -> Values:
    """Returns the share of correct rows, float64[...] in [0, 1]; 0 where there are no rows."""
    return _ratio(_correct(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def recalls(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]; 0 for a mood without rows."""
    return _ratio(_correct(confusion), confusion.sum(axis=-1))


def precisions(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]; 0 for a mood that was never predicted."""
    return _ratio(_correct(confusion), _predicted(confusion))


def f1s(confusion: Matrix) -> Values:
    """Returns float64[..., k] in [0, 1]: 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0."""
    return _ratio(2 * _correct(confusion), _predicted(confusion) + confusion.sum(axis=-1))


def balanced_accuracy(confusion: Matrix) -> Values:
    """Returns the mean recall over the moods that have rows, float64[...] in [0, 1]."""
    return _mean_over_present(recalls(confusion), confusion)


def macro_f1(confusion: Matrix) -> Values:
    """Returns the mean F1 over the moods that have rows, float64[...] in [0, 1]."""
    return _mean_over_present(f1s(confusion), confusion)


def where_present(values: Values, confusion: Matrix) -> Values:
    """Returns scores by mood, float64[..., k], with NaN for moods without rows."""
    return np.where(confusion.sum(axis=-1) > 0, values, np.nan)


def where_any(values: Values, confusion: Matrix) -> Values:
    """Returns scores of all moods together, float64[...], with NaN where there are no rows."""
    return np.where(confusion.sum(axis=(-2, -1)) > 0, values, np.nan)


def headline(confusion: Matrix) -> Values:
    """Returns float64[..., 3]: the scores that ``schemas.documents.evaluation.HEADLINE`` names."""
    return np.stack(
        [accuracy(confusion), balanced_accuracy(confusion), macro_f1(confusion)], axis=-1
    )


def majority_confusion(confusion: Matrix, label_index: int) -> Matrix:
    """Returns the matrices of always predicting one mood for the same rows.

    With the commonest mood, no constant prediction has a higher accuracy or macro-F1.
    """
    constant = np.zeros_like(confusion)
    constant[..., label_index] = confusion.sum(axis=-1)
    return constant


def _correct(confusion: Matrix) -> Values:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _predicted(confusion: Matrix) -> Values:
    return confusion.sum(axis=-2)[..., : confusion.shape[-2]]


def _ratio(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)


def _mean_over_present(values: Values, confusion: Matrix) -> Values:
    present = confusion.sum(axis=-1) > 0
    return _ratio((values * present).sum(axis=-1), present.sum(axis=-1))
