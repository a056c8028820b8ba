"""What the Tuner searches, how long, and how its values become settings of a training.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from collections.abc import Mapping
from typing import ClassVar

from models.settings.augmentation import AugmentSettings
from models.settings.training import TrainSettings
from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, described, setting

Value = float | str
Space = dict[str, list[Value]]
"""Values to choose from by a setting's dotted name, the run's own first."""

_SEARCHED = {
    "learning_rate": "train",
    "label_smoothing": "train",
    "imbalance": "train",
    "fine_tune": "train",
    "strength": "augment",
}
"""Settings that may be searched, and their groups."""
_LIST = "values with commas between them; the setting's own value is always tried too, and first"


class TuneSettings(SettingsGroup):
    """The search for better settings before the training, on a part of the data."""

    GROUP: ClassVar[str] = "tune"

    trials: int = setting(
        0,
        "Largest number of trials, each a short training. 0 switches the search off. A larger "
        "number than in an earlier run continues its search.",
        ge=0,
        common=True,
    )
    minutes: float = setting(
        60.0,
        "No trial begins after the ended ones took this long.",
        gt=0,
        unit="minutes",
        common=True,
    )
    trial_epochs: int = setting(5, "Length of each trial.", ge=1, unit="epochs")
    rows: int = setting(
        4096,
        "Rows of each split that the trials see, about: some frames of many clips, and at least a "
        "tenth of an even share and 30 clips of each mood, where there are.",
        ge=1,
        unit="rows",
    )
    frames_per_clip: int = setting(
        4,
        "Most frames of a clip that the trials see; more where all clips together have fewer than "
        "tune.rows.",
        ge=1,
        unit="frames",
    )
    learning_rate: str = setting("3e-5,1e-4,3e-4,1e-3", f"Search train.learning_rate: {_LIST}.")
    label_smoothing: str = setting("0,0.1,0.2", f"Search train.label_smoothing: {_LIST}.")
    imbalance: str = setting(
        "class_weights,logit_adjustment,focal,none", f"Search train.imbalance: {_LIST}."
    )
    fine_tune: str = setting("full,two_phase,last_block,head", f"Search train.fine_tune: {_LIST}.")
    strength: str = setting("0,0.5,1,1.5", f"Search augment.strength: {_LIST}.")
    seed: int = setting(
        17, "Seed of the choice of clips and of the order of trials.", ge=0, le=2**31 - 1
    )


def space(tune: TuneSettings, train: TrainSettings, augment: AugmentSettings) -> Space:
    """Returns the values to choose from.

    Args:
      tune: the lists.
      train: the run's own settings, with the run's number of epochs.
      augment: the run's own.

    Raises:
      ConfigError: for a value that the setting, or a trial's number of epochs, does not
        allow, or if there is nothing to choose.
    """
    trial_train = trial_settings(tune, train)
    found: Space = {}
    for name, group in _SEARCHED.items():
        own: Value = getattr(train if group == "train" else augment, name)
        values = [_parsed(name, text, own) for text in getattr(tune, name).split(",") if text]
        for value in values:
            for settings in (train, trial_train):
                try:
                    with_values(settings, augment, {f"{group}.{name}": value})
                except ConfigError as error:
                    raise ConfigError(
                        f"tune.{name} must list values that can be tried and trained with, in "
                        f"{tune.trial_epochs} and {train.epochs} epochs. Received: {value}. {error}"
                    ) from error
        if any(value != own for value in values):
            found[f"{group}.{name}"] = list(dict.fromkeys([own, *values]))
    if not found:
        raise ConfigError(
            "With tune.trials there must be something to search. Received: lists without another "
            f"value than the setting's own in {', '.join('tune.' + name for name in _SEARCHED)}."
        )
    return found


def trial_settings(tune: TuneSettings, train: TrainSettings) -> TrainSettings:
    """Returns the settings of a trial's training, but for what is searched.

    An epoch is a pass over the few rows of a trial, whatever ``train.steps_per_epoch`` is.

    Raises:
      ConfigError: if other settings do not allow so few epochs.
    """
    try:
        return train.replace(epochs=tune.trial_epochs, steps_per_epoch=0, steps=0, minutes=0.0)
    except ConfigError as error:
        raise ConfigError(
            "tune.trial_epochs must be enough for the settings of train. "
            f"Received: {tune.trial_epochs}. {error}"
        ) from error


def with_values(
    train: TrainSettings, augment: AugmentSettings, values: Mapping[str, Value]
) -> tuple[TrainSettings, AugmentSettings]:
    """Returns both with values put in by dotted names, such as ``"train.learning_rate"``.

    Raises:
      ConfigError: for a name that is none of theirs, or a value that they refuse.
    """
    changes: dict[str, dict[str, Value]] = {TrainSettings.GROUP: {}, AugmentSettings.GROUP: {}}
    known = {info.name for group in (TrainSettings, AugmentSettings) for info in described(group)}
    for name, value in values.items():
        group, _, leaf = name.partition(".")
        if name not in known:
            raise ConfigError(
                f"A tuned value must be one of the settings train.* or augment.*. Received: "
                f"{name!r}. The hyperparameters were made by another version of the project"
            )
        changes[group][leaf] = value
    return (
        train.replace(**changes[TrainSettings.GROUP]),
        augment.replace(**changes[AugmentSettings.GROUP]),
    )


def _parsed(name: str, text: str, own: Value) -> Value:
    if isinstance(own, str):
        return text.strip()
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(
            f"tune.{name} must list numbers with commas between them. Received: {text!r}"
        ) from error
