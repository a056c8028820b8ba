"""Settings refuse nonsense."""

import pytest

from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
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
        ({"early_stopping_patience": -1}, "train.early_stopping_patience"),
        ({"anneal_epochs": 0}, "train.anneal_epochs"),
        ({"min_gain": 1.0}, "train.min_gain"),
        ({"steps": 10, "minutes": 1.0}, "train.steps or train.minutes must be 0"),
        ({"checkpoint_metric": "f1"}, "train.checkpoint_metric"),
        ({"shuffle_buffer": 0}, "train.shuffle_buffer"),
        ({"seed": -1}, "train.seed"),
        ({"schedule": "step"}, "train.schedule"),
        ({"warmup_epochs": -0.1}, "train.warmup_epochs"),
        ({"epochs": 2, "warmup_epochs": 2.0}, "train.warmup_epochs"),
        ({"final_rate": 1.1}, "train.final_rate"),
        ({"plateau_factor": 1.0}, "train.plateau_factor"),
        ({"plateau_patience": 0}, "train.plateau_patience"),
        ({"fine_tune": "none"}, "train.fine_tune"),
        ({"head_epochs": 0}, "train.head_epochs"),
        ({"full_rate": 0.0}, "train.full_rate"),
        ({"layer_decay": 0.0}, "train.layer_decay"),
        ({"layer_decay": 1.1}, "train.layer_decay"),
        ({"label_smoothing": 1.0}, "train.label_smoothing"),
        ({"imbalance": "oversample"}, "train.imbalance"),
        ({"class_weight_cap": 0.9}, "train.class_weight_cap"),
        ({"logit_adjustment_tau": 0.0}, "train.logit_adjustment_tau"),
        ({"focal_gamma": -1.0}, "train.focal_gamma"),
        ({"weight_decay": -0.1}, "train.weight_decay"),
        ({"clip_norm": -1.0}, "train.clip_norm"),
        ({"clip_norm": float("inf")}, "train.clip_norm"),
        ({"ema_decay": 1.0}, "train.ema_decay"),
        ({"fine_tune": "two_phase", "epochs": 3}, "two_phase"),
        ({"fine_tune": "two_phase", "head_epochs": 1, "warmup_epochs": 1.0}, "two_phase"),
    ],
)
def test_a_training_that_cannot_be_is_refused(wrong: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        TrainSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"strength": 2.1}, "augment.strength"),
        ({"zoom": 0.6}, "augment.zoom"),
        ({"stretch": -0.1}, "augment.stretch"),
        ({"strength": 2.0, "brightness": 0.3}, "augment.brightness"),
        ({"contrast": 0.51}, "augment.contrast"),
        ({"saturation": float("nan")}, "augment.saturation"),
        ({"erase": -0.1}, "augment.erase"),
        ({"mixup": 11.0}, "augment.mixup"),
        ({"cutmix": -1.0}, "augment.cutmix"),
    ],
)
def test_an_augmentation_that_cannot_be_is_refused(wrong: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        AugmentSettings(**wrong)  # type: ignore[arg-type]


def test_strength_multiplies_what_is_a_matter_of_degree() -> None:
    settings = AugmentSettings(strength=0.5, zoom=0.2, erase=0.4, mixup=0.3).scaled()
    assert (settings.zoom, settings.erase, settings.brightness) == (0.1, 0.2, 0.05)
    assert (settings.strength, settings.flip, settings.mixup) == (1.0, True, 0.3)


def test_a_strength_of_0_switches_everything_off() -> None:
    off = AugmentSettings(strength=0, zoom=0.2, erase=0.4, mixup=0.3).scaled()
    assert not any(off.model_dump().values())


def test_the_limits_themselves_are_allowed() -> None:
    assert ModelSettings(weights="none", resolution=32).resolution == 32
    assert TrainSettings(learning_rate=1.0, epochs=1, seed=0).learning_rate == 1.0
