"""Findings of the checks of the data."""

from typing import Literal, TypedDict

Severity = Literal["error", "warning"]
"""An error stops the run, a warning is reported."""


class FindingRecord(TypedDict):
    """One finding of a validator.

    Attributes:
      severity: an error stops the run, a warning does not.
      check: name of the rule, such as "refused_share".
      split: name of the split.
      message: the finding in words.
      value: the compared figure, such as 0.2; None where nothing was compared.
      limit: the limit of ``value``, such as 0.1; None where there is none.
    """

    severity: Severity
    check: str
    split: str
    message: str
    value: float | None
    limit: float | None


class Validation(TypedDict):
    """``VALIDATION_JSON``: the verdict is "refused" where a finding is an error."""

    verdict: Literal["ok", "refused"]
    findings: list[FindingRecord]
