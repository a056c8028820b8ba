"""What ``doctor.py --json`` prints."""

from typing import Literal, TypedDict

State = Literal["ok", "warning", "fault", "skipped"]


class FindingDocument(TypedDict):
    """One finding.

    Attributes:
      check: name of what was looked at; several findings may share it.
      state: "ok"; "warning", a run works but something will be missing or slow; "fault", a run
        fails; "skipped", not looked at.
      message: what was found.
      remedy: what to do; "" where there is nothing to do.
    """

    check: str
    state: State
    message: str
    remedy: str


class Doctor(TypedDict):
    """The document.

    Attributes:
      healthy: whether there is no fault.
      version: of this project.
      findings: in the order of the checks.
    """

    healthy: bool
    version: str
    findings: list[FindingDocument]
