"""What the flags say of the model, held against what the model says of itself."""

from dataclasses import dataclass
from pathlib import Path

from client.backends.model import Facts
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods


@dataclass(frozen=True)
class Wishes:
    """What the user says that the model is like; None where nothing was said.

    Attributes:
      input_size: its resolution, pixels.
      classes: how many moods it tells apart.
      label: its label file.
      moods: what that file says, names in index order.
    """

    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None
    moods: tuple[str, ...] | None = None


def wishes_of(input_size: int | None, classes: int | None, label: Path | None) -> Wishes:
    """Reads the label file and returns the wishes.

    Raises:
      ConfigError: it is no label file, or has another number of moods than ``classes``.
    """
    moods = None
    if label is not None:
        try:
            moods = read_moods(label)
        except LabelMapError as error:
            raise ConfigError(f"--label: {error}") from error
        if classes not in (None, len(moods)):
            raise ConfigError(
                f"--classes must be the number of moods in --label. Received: --classes "
                f"{classes}, and {label} has {len(moods)}: {', '.join(moods)}"
            )
    return Wishes(input_size, classes, label, moods)


def named_moods(wishes: Wishes, classes: int, source: str) -> tuple[str, ...]:
    """Returns the moods' names for a model that knows only how many there are.

    They are those of the label file, or else of the project's default label map.

    Raises:
      ConfigError: it names another number of moods.
    """
    if wishes.moods is None and len(DEFAULT_MOODS) != classes:
        raise ConfigError(
            f"{source} tells {classes} moods apart and does not name them, and the default "
            f"label map has {len(DEFAULT_MOODS)}. Name the label file of its training with --label"
        )
    if wishes.moods is not None and len(wishes.moods) != classes:
        raise _contradiction(
            f"--label {wishes.label} with {len(wishes.moods)} moods",
            f"{source} tells {classes} apart",
        )
    return wishes.moods or DEFAULT_MOODS


def check_agreement(wishes: Wishes, facts: Facts) -> None:
    """Raises ConfigError where a wish contradicts the model."""
    count = len(facts.moods)
    if wishes.input_size not in (None, facts.resolution):
        raise _contradiction(
            f"--input_size {wishes.input_size}", f"{facts.source} sees {facts.resolution} pixels"
        )
    if wishes.classes not in (None, count):
        raise _contradiction(
            f"--classes {wishes.classes}", f"{facts.source} tells {count} moods apart"
        )
    if wishes.moods not in (None, facts.moods):
        raise _contradiction(
            f"--label {wishes.label} with {', '.join(wishes.moods or ())}",
            f"{facts.source} was trained with {', '.join(facts.moods)}",
        )


def _contradiction(wish: str, fact: str) -> ConfigError:
    return ConfigError(
        f"The flags must agree with the model. Received: {wish}; but {fact}. "
        "Leave the flag out, or name another model"
    )
