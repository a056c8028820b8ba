"""Whether a model is blessed: scores and limits in, checks with their figures out."""

from collections.abc import Iterator
from typing import NamedTuple

from components.evaluator import scores
from components.limits import BlessingLimits


class Check(NamedTuple):
    """One condition of the blessing: ``value`` must not be below ``limit``."""

    check: str
    passed: bool
    value: float
    limit: float
    message: str


def all_finite(not_finite: int) -> Check:
    """Returns the condition that every probability is a number.

    Args:
      not_finite: rows for which one is NaN or infinite.
    """
    return Check(
        "probabilities_are_numbers",
        not_finite == 0,
        -float(not_finite),
        0.0,
        f"{not_finite} rows were answered with NaN or infinity",
    )


def checks(
    confusion: scores.Matrix, baseline: scores.Matrix | None, limits: BlessingLimits
) -> Iterator[Check]:
    """Yields the conditions; the model is blessed when all passed.

    Args:
      confusion: the candidate's on every row of the eval split.
      baseline: the last blessed model's on the same rows, if there is one.
      limits: what must be reached.
    """
    f1 = scores.macro_f1(confusion)
    majority = scores.macro_f1(scores.majority_confusion(confusion))
    yield Check(
        "over_majority",
        f1 - majority >= limits.min_gain,
        f1 - majority,
        limits.min_gain,
        f"macro-F1 {f1:.3f} against {majority:.3f} of always answering the commonest mood: "
        f"{f1 - majority:+.3f}, evaluate.min_gain asks for {limits.min_gain:+.3f}",
    )
    if baseline is not None:
        other = scores.macro_f1(baseline)
        yield Check(
            "not_worse_than_last_blessed",
            f1 - other >= -limits.max_loss,
            f1 - other,
            -limits.max_loss,
            f"macro-F1 {f1:.3f} against {other:.3f} of the last blessed model on the same rows: "
            f"{f1 - other:+.3f}, evaluate.max_loss allows {-limits.max_loss:+.3f}",
        )
