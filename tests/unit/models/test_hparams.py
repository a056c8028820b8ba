"""Settings refuse nonsense."""

import pytest

from models.hparams import ModelSettings, TrainSettings
from schemas.errors import ConfigError


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"weights": ""}, "model.weights"),
        ({"resolution": 31}, "model.resolution"),
        ({"resolution": 1025}, "model.resolution"),
        ({"batch_norm_momentum": 1.0}, "model.batch_norm_momentum"),
    ],
)
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        ModelSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"epochs": 0}, "train.epochs"),
        ({"batch_size": 0}, "train.batch_size"),
        ({"learning_rate": 0.0}, "train.learning_rate"),
        ({"early_stopping_patience": 0}, "train.early_stopping_patience"),
        ({"checkpoint_metric": "f1"}, "train.checkpoint_metric"),
        ({"shuffle_buffer": 0}, "train.shuffle_buffer"),
        ({"seed": -1}, "train.seed"),
    ],
)
def test_a_training_that_cannot_be_is_refused(wrong: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        TrainSettings(**wrong)  # type: ignore[arg-type]


def test_the_limits_themselves_are_allowed() -> None:
    assert ModelSettings(weights="none", resolution=32).resolution == 32
    assert TrainSettings(learning_rate=1.0, epochs=1, seed=0).learning_rate == 1.0
