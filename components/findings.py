"""What a validator found, and the verdict that follows from it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas import artifacts

ERROR = "error"
WARNING = "warning"


class Finding(NamedTuple):
    """One thing found: an error stops the run, a warning is reported.

    ``value`` and ``limit`` are the figures compared, None where the check has none.
    """

    severity: str
    check: str
    split: str
    message: str
    value: float | None = None
    limit: float | None = None


def verdict_of(findings: Sequence[Finding]) -> dict[str, Any]:
    """Returns the verdict and the findings as ``schemas.artifacts`` has them."""
    refused = any(finding.severity == ERROR for finding in findings)
    return {
        "verdict": artifacts.VERDICT_REFUSED if refused else artifacts.VERDICT_OK,
        "findings": [finding._asdict() for finding in findings],
    }
