"""What a check of the doctor found."""

from typing import NamedTuple

from schemas.documents.doctor import FindingDocument, State


class Finding(NamedTuple):
    """See ``schemas.documents.doctor.FindingDocument``."""

    check: str
    state: State
    message: str
    remedy: str = ""

    def as_json(self) -> FindingDocument:
        """Returns the finding as the document has it."""
        return {
            "check": self.check,
            "state": self.state,
            "message": self.message,
            "remedy": self.remedy,
        }


def ok(check: str, message: str) -> Finding:
    """Returns that all is well."""
    return Finding(check, "ok", message)


def warning(check: str, message: str, remedy: str) -> Finding:
    """Returns what a run can do without."""
    return Finding(check, "warning", message, remedy)


def fault(check: str, message: str, remedy: str) -> Finding:
    """Returns what ends a run."""
    return Finding(check, "fault", message, remedy)


def skipped(check: str, message: str, remedy: str = "") -> Finding:
    """Returns why something was not looked at."""
    return Finding(check, "skipped", message, remedy)
