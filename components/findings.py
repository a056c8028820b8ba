"""Findings of a validator, and the verdict that follows from them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas import artifacts
from schemas.documents.validation import FindingRecord, Severity, Validation

ERROR: Final = "error"
WARNING: Final = "warning"


class Finding(NamedTuple):
    """One finding: an error stops the run, a warning is reported.

    Attributes:
      severity: ``ERROR`` or ``WARNING``.
      check: name of the rule.
      split: name of the split.
      message: the finding in words.
      value: the compared figure; None where nothing was compared.
      limit: the limit of ``value``; None where there is none.
    """

    severity: Severity
    check: str
    split: str
    message: str
    value: float | None = None
    limit: float | None = None

    def record(self) -> FindingRecord:
        """Returns the finding for JSON."""
        return {
            "severity": self.severity,
            "check": self.check,
            "split": self.split,
            "message": self.message,
            "value": self.value,
            "limit": self.limit,
        }


def verdict_of(findings: Sequence[Finding]) -> Validation:
    """Returns the verdict and the findings."""
    refused = any(finding.severity == ERROR for finding in findings)
    return {
        "verdict": artifacts.VERDICT_REFUSED if refused else artifacts.VERDICT_OK,
        "findings": [finding.record() for finding in findings],
    }
