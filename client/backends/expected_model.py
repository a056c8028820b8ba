"""What the flags say of the model, held against what the model says of itself."""

from dataclasses import dataclass
from pathlib import Path

from client.backends.model import ModelInfo
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods


@dataclass(frozen=True)
class ExpectedModel:
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


def expected_model(
    input_size: int | None, classes: int | None, label: Path | None
) -> ExpectedModel:
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
    return ExpectedModel(input_size, classes, label, moods)


def mood_names_for(expected: ExpectedModel, classes: int, source: str) -> tuple[str, ...]:
    """Returns the moods' names for a model that knows only how many there are.

    They are those of the label file, or else of the project's default label map.

    Raises:
      ConfigError: it names another number of moods.
    """
    if expected.moods is None and len(DEFAULT_MOODS) != classes:
        raise ConfigError(
            f"{source} tells {classes} moods apart and does not name them, and the default "
            f"label map has {len(DEFAULT_MOODS)}. Name the label file of its training with --label"
        )
    if expected.moods is not None and len(expected.moods) != classes:
        raise _contradiction(
            f"--label {expected.label} with {len(expected.moods)} moods",
            f"{source} tells {classes} apart",
        )
    return expected.moods or DEFAULT_MOODS


def check_expected(expected: ExpectedModel, info: ModelInfo) -> None:
    """Raises ConfigError where a wish contradicts the model."""
    count = len(info.moods)
    if expected.input_size not in (None, info.resolution):
        raise _contradiction(
            f"--input_size {expected.input_size}", f"{info.source} sees {info.resolution} pixels"
        )
    if expected.classes not in (None, count):
        raise _contradiction(
            f"--classes {expected.classes}", f"{info.source} tells {count} moods apart"
        )
    if expected.moods not in (None, info.moods):
        raise _contradiction(
            f"--label {expected.label} with {', '.join(expected.moods or ())}",
            f"{info.source} was trained with {', '.join(info.moods)}",
        )


def _contradiction(wish: str, fact: str) -> ConfigError:
    return ConfigError(
        f"The flags must agree with the model. Received: {wish}; but {fact}. "
        "Leave the flag out, or name another model"
    )
