"""Blessing rules: compares the scores with the limits and yields one check for each rule."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from components.evaluator import calibration, comparison, predictions_table
from components.evaluator.comparison import Difference
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.settings import EvaluateSettings
from dataset import scores
from schemas.documents.gate import CheckRecord
from schemas.documents.intervals import ResamplingUnit

AT_LEAST: Final = "at_least"
AT_MOST: Final = "at_most"

_LEAST_UNITS = 2
"""Resampling units without which there is no interval."""
_UNITS: Final[dict[ResamplingUnit, str]] = {
    "groups": "animals",
    "clips": "clips",
    "groups_and_clips": "animals and clips",
}


class Check(NamedTuple):
    """One condition of the blessing.

    Attributes:
      check: its name.
      passed: whether it holds.
      value: the compared figure.
      limit: the limit of ``value``.
      rule: whether the value must be ``AT_LEAST`` or ``AT_MOST`` the limit.
      message: the same in words.
    """

    check: str
    passed: bool
    value: float
    limit: float
    rule: Literal["at_least", "at_most"]
    message: str

    def record(self) -> CheckRecord:
        """Returns the check for JSON, which has no NaN and no infinity."""
        return {
            "check": self.check,
            "passed": self.passed,
            "value": self.value if math.isfinite(self.value) else None,
            "limit": self.limit,
            "rule": self.rule,
            "message": self.message,
        }


def checks(counts: ConfusionCounts, settings: EvaluateSettings) -> Iterator[Check]:
    """Yields the conditions; the model is blessed when all passed.

    Args:
      counts: of the model and, where there is one, of the last blessed model.
      settings: the limits.
    """
    non_finite = counts.predictors[predictions_table.MODEL].non_finite_rows
    yield _at_most(
        "probabilities_are_numbers",
        float(non_finite),
        0.0,
        f"NaN or infinite probabilities in {non_finite} of {counts.rows} rows, 0 are allowed",
    )
    yield _over_majority(
        comparison.macro_f1_difference(counts, predictions_table.MAJORITY, settings), settings
    )
    if settings.min_macro_f1:
        yield _macro_f1(counts, settings)
    ece = float(calibration.error(counts.bins(predictions_table.MODEL).sum(axis=0)))
    yield _at_most(
        "calibrated",
        ece,
        settings.max_calibration_error,
        f"calibration error {ece:.3f}, evaluate.max_calibration_error allows "
        f"{settings.max_calibration_error:.3f}",
    )
    # A loss of all is a loss of nothing to compare with.
    if predictions_table.BASELINE in counts.predictors and settings.max_loss < 1:
        yield from _against_last_blessed(counts, settings)


def _over_majority(difference: Difference, settings: EvaluateSettings) -> Check:
    if math.isnan(difference.low):
        message = (
            "The rows must be of at least two clips, and of two animals where these are known, to "
            "distinguish a gain from chance"
        )
    else:
        message = (
            f"macro-F1 {difference.score:.3f} against {difference.other_score:.3f} of always "
            f"predicting the commonest mood: {difference.value:+.3f}, {_interval(difference)}; "
            f"evaluate.min_gain requires a lower end of at least {settings.min_gain:+.3f}"
        )
    return _at_least("over_majority", difference.low, settings.min_gain, message)


def _macro_f1(counts: ConfusionCounts, settings: EvaluateSettings) -> Check:
    matrices = counts.confusion_matrices(predictions_table.MODEL)
    value = float(scores.macro_f1(matrices.sum(axis=0)))
    return _at_least(
        "macro_f1",
        value,
        settings.min_macro_f1,
        f"macro-F1 {value:.3f}, evaluate.min_macro_f1 requires {settings.min_macro_f1:.3f}",
    )


def _against_last_blessed(counts: ConfusionCounts, settings: EvaluateSettings) -> Iterator[Check]:
    limit = 0.0 - settings.max_loss  # Not -0.0, which the message would show.
    matrices, _ = counts.pair(predictions_table.BASELINE)
    units = int((matrices.sum(axis=(1, 2)) > 0).sum())
    rows = counts.rows_of(predictions_table.BASELINE)
    yield _at_least(
        "rows_new_to_last_blessed",
        units,
        _LEAST_UNITS,
        f"The last blessed model is compared on {rows} of {counts.rows} rows, of {units} "
        f"{_UNITS[counts.unit]}: those that it was not trained on. There must be at least "
        f"{_LEAST_UNITS}; evaluate on other clips, or set evaluate.max_loss=1, which compares with "
        "no earlier model",
    )
    if units < _LEAST_UNITS:
        return
    difference = comparison.macro_f1_difference(counts, predictions_table.BASELINE, settings)
    yield _at_least(
        "not_worse_than_last_blessed",
        difference.low,
        limit,
        f"macro-F1 {difference.score:.3f} against {difference.other_score:.3f} of the last "
        f"blessed model on the same rows: {difference.value:+.3f}, {_interval(difference)}; "
        f"evaluate.max_loss requires a lower end of at least {limit:+.3f}",
    )
    by_mood, by_species = comparison.differences_by_mood_and_species(
        counts, predictions_table.BASELINE, settings
    )
    if by_mood:
        yield _on_each("mood", "F1", by_mood, limit)
    if by_species:
        yield _on_each("species", "macro-F1", by_species, limit)


def _on_each(kind: str, score: str, differences: Sequence[Difference], limit: float) -> Check:
    """Returns the condition that the upper end of no interval lies below the limit."""
    worst = min(differences, key=lambda difference: difference.high)
    worse = [difference for difference in differences if not difference.high >= limit] or [worst]
    listed = "; ".join(
        f"{difference.name} {difference.score:.3f} against {difference.other_score:.3f}, "
        f"{_interval(difference, 'interval')}"
        for difference in worse
    )
    return _at_least(
        f"not_worse_on_any_{kind}",
        worst.high,
        limit,
        f"{score} by {kind} against the last blessed model, "
        f"{'significantly worse' if worst.high < limit else 'the lowest upper end'}: {listed}; "
        f"evaluate.max_loss requires an upper end of at least {limit:+.3f}",
    )


def _interval(difference: Difference, name: str = "95 % interval") -> str:
    return f"{name} {difference.low:+.3f} to {difference.high:+.3f}"


def _at_least(check: str, value: float, limit: float, message: str) -> Check:
    # Not "fails below the limit", by which NaN would pass.
    return Check(check, value >= limit, value, limit, AT_LEAST, message)


def _at_most(check: str, value: float, limit: float, message: str) -> Check:
    return Check(check, value <= limit, value, limit, AT_MOST, message)
