"""A smoke test (``--preset quick``): when it has passed, and what it says of itself."""

from collections.abc import Iterator

from models.settings.network import IMAGENET, NONE
from pipeline.config import Settings
from report.results import Results
from runner.diagnosis import Failure
from schemas.exit_codes import RunExit

_WEIGHTS = {NONE: "random weights", IMAGENET: "ImageNet's weights"}


def passed(failure: Failure | None, results: Results) -> bool:
    """Returns whether every step ran, and only the model's scores kept it from a push."""
    return (
        failure is not None
        and failure.exit is RunExit.NOT_BLESSED
        and results.blessed is False
        and results.servable_passed is True
    )


def lines(settings: Settings) -> Iterator[str]:
    """Yields what the smoke test has shown, what it did not do, and the next step."""
    epochs = f"{settings.train.epochs} epoch{'s' * (settings.train.epochs > 1)}"
    weights = _WEIGHTS.get(settings.model.weights, "given weights")
    side = settings.model.resolution
    yield "Every step ran: the data is read, checked, trained on and evaluated, the model servable."
    yield f"No model was pushed: after {epochs} from {weights} at {side} pixels the checks that"
    yield "failed above are expected to fail, and the scores say nothing about the data."
    yield "Time and memory of a real training are not this run's either: --dry-run estimates them."
    yield "Next: the same command without --preset quick."
