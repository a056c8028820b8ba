"""The gate's rules and their verdict on a model."""

from typing import Literal, TypedDict

from schemas.documents.intervals import Interval


class Gain(TypedDict):
    """Macro-F1 of the model less that of another predictor, on the same ``rows`` rows.

    Rows whose clip or animal the other was trained on are left out for both.
    """

    macro_f1: float
    interval: Interval
    rows: int


class CheckRecord(TypedDict):
    """One rule of the gate.

    Attributes:
      check: its name, such as "over_majority".
      passed: whether the rule holds.
      value: the compared figure; None where it is NaN or infinite.
      limit: the limit of ``value``.
      rule: whether ``value`` must be at least or at most ``limit``.
      message: the same in words.
    """

    check: str
    passed: bool
    value: float | None
    limit: float
    rule: Literal["at_least", "at_most"]
    message: str


class Verdict(TypedDict):
    """Whether the model is blessed, and why; a note for each model that it was compared with."""

    blessed: bool
    notes: list[str]
    checks: list[CheckRecord]
