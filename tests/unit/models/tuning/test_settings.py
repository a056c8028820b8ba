"""What a search may choose from, and its values as settings."""

import pytest

from models.settings.augmentation import AugmentSettings
from models.settings.training import TrainSettings
from models.tuning.settings import TuneSettings, space, trial_settings, with_values
from pipeline import config
from schemas.errors import ConfigError

NOTHING = dict.fromkeys(
    ("learning_rate", "label_smoothing", "imbalance", "fine_tune", "strength"), ""
)


def tune(**changes: object) -> TuneSettings:
    """Returns settings that search what ``changes`` says and nothing else."""
    return TuneSettings(**(NOTHING | {"trials": 3} | changes))  # type: ignore[arg-type]


def test_it_is_off_by_default_and_then_asks_nothing_of_other_settings() -> None:
    assert config.load("quick", None, ["tune.trial_epochs=1"]).tune.trials == 0


def test_one_setting_switches_it_on() -> None:
    assert config.load("default", None, ["tune.trials=3"]).tune.trials == 3


def test_the_runs_own_value_comes_first_and_once() -> None:
    train = TrainSettings(learning_rate=1e-4, imbalance="focal")
    found = space(
        tune(learning_rate="3e-5, 1e-4,1e-3", imbalance="none"), train, AugmentSettings(strength=1)
    )
    assert found == {
        "train.learning_rate": [1e-4, 3e-5, 1e-3],
        "train.imbalance": ["focal", "none"],
    }


def test_a_list_without_another_value_is_no_choice() -> None:
    found = space(
        tune(label_smoothing="0.1", strength="0"), TrainSettings(), AugmentSettings(strength=2)
    )
    assert found == {"augment.strength": [2, 0.0]}


@pytest.mark.parametrize("lists", [{}, {"learning_rate": "1e-4"}])
def test_with_nothing_to_choose_it_is_refused(lists: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"must be something to search.*tune\.strength"):
        space(tune(**lists), TrainSettings(), AugmentSettings())


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"learning_rate": "1e-4;1e-3"}, "must list numbers with commas .* '1e-4;1e-3'"),
        ({"learning_rate": "2"}, r"tune\.learning_rate must list .* 2\.0\. train\.learning_rate"),
        ({"imbalance": "smote"}, r"smote\. train\.imbalance must be one of"),
        ({"strength": "2"}, r"tune\.strength .* augment\.zoom, also when multiplied"),
    ],
)
def test_a_value_that_the_setting_refuses_is_told_before_the_run(
    lists: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        space(tune(**lists), TrainSettings(), AugmentSettings(zoom=0.3))


@pytest.mark.parametrize(("epochs", "trial_epochs"), [(3, 9), (9, 3)])
def test_two_phases_must_fit_the_trial_and_the_training(epochs: int, trial_epochs: int) -> None:
    settings = TrainSettings(epochs=epochs, head_epochs=3)
    with pytest.raises(ConfigError, match=r"tune\.fine_tune .* two_phase.*head_epochs"):
        space(tune(fine_tune="two_phase", trial_epochs=trial_epochs), settings, AugmentSettings())


def test_a_command_line_that_cannot_be_tried_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"tune\.fine_tune"):
        config.load("quick", None, ["tune.trials=3"])


def test_a_trial_is_as_the_training_but_shorter() -> None:
    train = TrainSettings(epochs=40, label_smoothing=0.2)
    assert trial_settings(tune(trial_epochs=4), train) == train.replace(epochs=4)
    limited = train.replace(steps_per_epoch=9000)
    assert trial_settings(tune(trial_epochs=4), limited).steps_per_epoch == 0
    with pytest.raises(ConfigError, match=r"tune\.trial_epochs must be enough .* 4\."):
        trial_settings(tune(trial_epochs=4), TrainSettings(warmup_epochs=4))


def test_values_go_where_their_names_say() -> None:
    train, augment = with_values(
        TrainSettings(), AugmentSettings(), {"train.imbalance": "none", "augment.strength": 0.5}
    )
    assert train == TrainSettings(imbalance="none")
    assert augment == AugmentSettings(strength=0.5)


@pytest.mark.parametrize("name", ["learning_rate", "train.learning_rat", "model.weights"])
def test_a_value_for_no_setting_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"Received: '{name}'"):
        with_values(TrainSettings(), AugmentSettings(), {name: 1.0})


@pytest.mark.parametrize(
    ("name", "value"),
    [("trials", -1), ("minutes", 0), ("trial_epochs", 0), ("rows", 0), ("seed", -1)],
)
def test_a_budget_out_of_range_is_refused(name: str, value: int) -> None:
    with pytest.raises(ConfigError, match=rf"tune\.{name} must .* Received: {value}"):
        TuneSettings(**{name: value})
