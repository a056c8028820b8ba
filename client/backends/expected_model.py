"""Checks the --input_size, --classes and --label flags against the loaded model."""

from dataclasses import dataclass
from pathlib import Path

from client.backends.model import ModelInfo
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods


@dataclass(frozen=True)
class ExpectedModel:
    """The user's statements about the model; None for a flag that was left out.

    Attributes:
      input_size: its input resolution, pixels.
      classes: its number of moods.
      label: its label file.
      mood_names: the content of that file, in index order.
    """

    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None
    mood_names: tuple[str, ...] | None = None


def read_expected_model(
    input_size: int | None, classes: int | None, label: Path | None
) -> ExpectedModel:
    """Returns the flags' values with the content of the label file.

    Raises:
      ConfigError: the label file is invalid, or its number of moods differs from ``classes``.
    """
    mood_names = None
    if label is not None:
        try:
            mood_names = read_moods(label)
        except LabelMapError as error:
            raise ConfigError(f"--label: {error}") from error
        if classes not in (None, len(mood_names)):
            raise ConfigError(
                f"--classes must be the number of moods in --label. Received: --classes "
                f"{classes}, and {label} has {len(mood_names)}: {', '.join(mood_names)}"
            )
    return ExpectedModel(input_size, classes, label, mood_names)


def mood_names_for(expected: ExpectedModel, num_classes: int, source: str) -> tuple[str, ...]:
    """Returns the mood names for a model that knows only their number.

    They come from the label file if there is one, otherwise from the project's default label map.

    Args:
      expected: the flags.
      num_classes: the model's number of moods.
      source: path of the model, for error messages.

    Raises:
      ConfigError: the names are fewer or more than ``num_classes``.
    """
    if expected.mood_names is None and len(DEFAULT_MOODS) != num_classes:
        raise ConfigError(
            f"{source} has {num_classes} moods and does not name them, and the default label "
            f"map has {len(DEFAULT_MOODS)}. Name the label file of its training with --label"
        )
    if expected.mood_names is not None and len(expected.mood_names) != num_classes:
        raise _contradiction(
            f"--label {expected.label} with {len(expected.mood_names)} moods",
            f"{source} has {num_classes} moods",
        )
    return expected.mood_names or DEFAULT_MOODS


def check_expected(expected: ExpectedModel, info: ModelInfo) -> None:
    """Raises ConfigError if a flag contradicts the model."""
    num_classes = len(info.mood_names)
    if expected.input_size not in (None, info.resolution):
        raise _contradiction(
            f"--input_size {expected.input_size}",
            f"{info.source} has an input of {info.resolution} pixels",
        )
    if expected.classes not in (None, num_classes):
        raise _contradiction(
            f"--classes {expected.classes}", f"{info.source} has {num_classes} moods"
        )
    if expected.mood_names not in (None, info.mood_names):
        raise _contradiction(
            f"--label {expected.label} with {', '.join(expected.mood_names or ())}",
            f"{info.source} was trained with {', '.join(info.mood_names)}",
        )


def _contradiction(flag: str, fact: str) -> ConfigError:
    return ConfigError(
        f"The flags must agree with the model. Received: {flag}; but {fact}. "
        "Leave the flag out, or name another model"
    )
