"""Whether a model is blessed: what was measured and limits in, checks with their figures out."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.evaluator import calibration, comparison, predictions_table
from components.evaluator.comparison import Difference
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.settings import EvaluateSettings

AT_LEAST, AT_MOST = "at_least", "at_most"


class Check(NamedTuple):
    """One condition of the blessing.

    Attributes:
      check: its name.
      passed: whether it holds.
      value: the figure that was compared.
      limit: what with.
      rule: whether the value must be ``AT_LEAST`` or ``AT_MOST`` the limit.
      message: the same for people.
    """

    check: str
    passed: bool
    value: float
    limit: float
    rule: str
    message: str


def checks(counts: ConfusionCounts, settings: EvaluateSettings) -> Iterator[Check]:
    """Yields the conditions; the model is blessed when all passed.

    Args:
      counts: of the model's answers and, where there is one, of the last blessed model's.
      settings: the limits.
    """
    not_finite = counts.answers[predictions_table.MODEL].not_finite
    yield _at_most(
        "probabilities_are_numbers",
        float(not_finite),
        0.0,
        f"{not_finite} of {counts.rows} rows were answered with NaN or infinity, none may be",
    )
    yield _over_majority(comparison.overall(counts, predictions_table.MAJORITY, settings), settings)
    ece = float(calibration.error(counts.bins(predictions_table.MODEL).sum(axis=0)))
    yield _at_most(
        "calibrated",
        ece,
        settings.max_calibration_error,
        f"calibration error {ece:.3f}, evaluate.max_calibration_error allows "
        f"{settings.max_calibration_error:.3f}",
    )
    if predictions_table.BASELINE in counts.answers:
        yield from _against_last_blessed(counts, settings)


def _over_majority(found: Difference, settings: EvaluateSettings) -> Check:
    told = (
        f"macro-F1 {found.score:.3f} against {found.other:.3f} of always answering the commonest "
        f"mood: {found.value:+.3f}, {_interval(found)}; evaluate.min_gain asks for "
        f"{settings.min_gain:+.3f} at its lower end"
    )
    if found.low != found.low:
        told = "The rows must be of at least two clips to tell a gain from chance"
    return _at_least("over_majority", found.low, settings.min_gain, told)


def _against_last_blessed(counts: ConfusionCounts, settings: EvaluateSettings) -> Iterator[Check]:
    limit = 0.0 - settings.max_loss  # Not -0.0, which would be shown.
    found = comparison.overall(counts, predictions_table.BASELINE, settings)
    yield _at_least(
        "not_worse_than_last_blessed",
        found.value,
        limit,
        f"macro-F1 {found.score:.3f} against {found.other:.3f} of the last blessed model on the "
        f"same rows: {found.value:+.3f}, {_interval(found)}; evaluate.max_loss allows "
        f"{limit:+.3f}",
    )
    moods, species = comparison.by_mood_and_species(counts, predictions_table.BASELINE, settings)
    yield _on_each("mood", "F1", moods, limit)
    if species:
        yield _on_each("species", "macro-F1", species, limit)


def _on_each(kind: str, score: str, found: Sequence[Difference], limit: float) -> Check:
    """Returns the condition that no interval lies below the limit as a whole."""
    worst = min(found, key=lambda one: one.high)
    worse = [one for one in found if not one.high >= limit] or [worst]
    named = "; ".join(
        f"{one.name} {one.score:.3f} against {one.other:.3f}, {_interval(one, 'interval')}"
        for one in worse
    )
    return _at_least(
        f"not_worse_on_any_{kind}",
        worst.high,
        limit,
        f"{score} by {kind} against the last blessed model's, "
        f"{'worse beyond noise' if worst.high < limit else 'the furthest below'}: {named}; "
        f"evaluate.max_loss asks for {limit:+.3f} at its upper end",
    )


def _interval(found: Difference, name: str = "95 % interval") -> str:
    return f"{name} {found.low:+.3f} to {found.high:+.3f}"


def _at_least(check: str, value: float, limit: float, message: str) -> Check:
    # Not "below the limit", which would let NaN pass.
    return Check(check, value >= limit, value, limit, AT_LEAST, message)


def _at_most(check: str, value: float, limit: float, message: str) -> Check:
    return Check(check, value <= limit, value, limit, AT_MOST, message)
