"""What the Tuner searches, how long, and how its values become settings of a training.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from models.settings import AugmentSettings, TrainSettings
from schemas.errors import ConfigError

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


@dataclass(frozen=True)
class TuneSettings:
    """The search for better settings before the training, on a part of the data.

    What is searched are lists with commas; the setting's own value is always tried too, and
    tried first. An empty list leaves the setting alone.

    Attributes:
      trials: trainings to try at most; 0 switches the search off. More than an earlier
        search had goes on from that.
      minutes: no trial begins when those that have ended took this long, > 0.
      trial_epochs: of each trial.
      rows: rows of each split that the trials see, about: whole clips, rare moods at a tenth
        of an even share at least.
      learning_rate: values for train.learning_rate.
      label_smoothing: values for train.label_smoothing.
      imbalance: values for train.imbalance.
      fine_tune: values for train.fine_tune.
      strength: values for augment.strength.
      seed: of the choice of clips and of the order of trials.
    """

    trials: int = 0
    minutes: float = 60.0
    trial_epochs: int = 5
    rows: int = 4096
    learning_rate: str = "3e-5,1e-4,3e-4,1e-3"
    label_smoothing: str = "0,0.1,0.2"
    imbalance: str = "class_weights,logit_adjustment,focal,none"
    fine_tune: str = "full,two_phase,last_block,head"
    strength: str = "0,0.5,1,1.5"
    seed: int = 17

    def __post_init__(self) -> None:
        for holds, rule in (
            (self.trials >= 0, "trials must be at least 0"),
            (0 < self.minutes < math.inf, "minutes must be more than 0"),
            (self.trial_epochs >= 1, "trial_epochs must be at least 1"),
            (self.rows >= 1, "rows must be at least 1"),
            (0 <= self.seed < 2**31, "seed must lie in 0..2**31 - 1"),
        ):
            if not holds:
                received = getattr(self, rule.split()[0])
                raise ConfigError(f"tune.{rule}. Received: {received!r}")


def space(tune: TuneSettings, train: TrainSettings, augment: AugmentSettings) -> Space:
    """Returns what there is to choose from.

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
        return dataclasses.replace(train, epochs=tune.trial_epochs, steps_per_epoch=0)
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
    changes: dict[str, dict[str, Value]] = {"train": {}, "augment": {}}
    known = {
        f"{group}.{field.name}"
        for group, owner in (("train", TrainSettings), ("augment", AugmentSettings))
        for field in dataclasses.fields(owner)
    }
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                f"A tuned value must be one of the settings train.* or augment.*. Received: "
                f"{name!r}. The hyperparameters were made by another version of the project"
            )
        group, _, leaf = name.partition(".")
        changes[group][leaf] = value
    return (
        dataclasses.replace(train, **changes["train"]),  # type: ignore[arg-type]
        dataclasses.replace(augment, **changes["augment"]),  # type: ignore[arg-type]
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
