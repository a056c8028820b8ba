"""The checks of the verdict as questions, with their answers."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.results import Results
from report.translations import CHECKS, NO_FIGURES, SERVABLE_QUESTION, Pair, in_english
from schemas.documents.gate import CheckRecord
from schemas.documents.servable import ServableCheckRecord


@dataclass(frozen=True)
class CheckLine:
    """A check; ``message`` is a program's own, in English, or ""."""

    passed: bool
    text: Pair
    message: str = ""


def check_lines(results: Results) -> list[CheckLine]:
    """Returns the Evaluator's checks, and those of the ServableCheck that failed."""
    lines = []
    if results.metrics:
        lines += [_of_model(check) for check in results.metrics["verdict"]["checks"]]
    if results.servable:
        lines += _of_servable(results.servable["checks"])
    return lines


def _of_model(check: CheckRecord) -> CheckLine:
    if check["check"] not in CHECKS:
        return CheckLine(
            check["passed"], (check["check"], in_english(check["message"])), check["message"]
        )
    question, figures = CHECKS[check["check"]]
    if check["value"] is None:
        measured = NO_FIGURES
    else:
        measured = figures.format(value=check["value"], limit=check["limit"])
    return CheckLine(check["passed"], (f"{question} {measured}.", in_english(check["message"])))


def _of_servable(checks: list[ServableCheckRecord]) -> Iterator[CheckLine]:
    for check in checks:
        if not check["passed"]:
            english = f"Does the servable answer as the network does? Check {check['check']}."
            korean = f"{SERVABLE_QUESTION} 검사 {check['check']}."
            yield CheckLine(False, (korean, english), check["message"])
