"""A training that was stopped goes on, and ends as if it had not been."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.inputs import shard_index
from models.inputs.clip_sampler import ClipSampler
from models.inputs.input_pipeline import evaluation_batches, shard_files, training_batches
from models.inputs.label_index import LabelIndexer
from models.inputs.records import ordered, sampled, selected
from models.inputs.shard_index import ShardIndex
from models.settings.augmentation import AugmentSettings
from models.settings.training import TrainSettings
from models.training import callbacks, curves, fitting, head_features
from models.training.backup import Backups
from models.training.resume import Resumption
from testing.models import samples

pytestmark = pytest.mark.slow

CLASS_WEIGHTS = [1.0, 2.0, 0.5, 1.0]
BATCH, TOTAL, STEPS, EPOCHS = 4, 22, 6, 5  # Passes end in the middle of an epoch.

SETTINGS: dict[str, dict[str, Any]] = {
    "averaged": {"ema_decay": 0.7, "schedule": "cosine", "warmup_epochs": 1.0},
    "plateau": {"schedule": "plateau", "plateau_patience": 1, "plateau_factor": 0.5},
    "two phases": {"fine_tune": "two_phase", "head_epochs": 2},
    "kept features": {"fine_tune": "two_phase", "head_epochs": 3, "keep_features": True},
}


class Killed(BaseException):
    """Stands for kill -9: no code runs after it."""


def network(dropout: float = 0.4) -> keras.Model:
    """Returns a network with batch norm and with dropout, which draws from a generator."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    pixels = keras.Input((samples.SIDE, samples.SIDE, 3))
    flow = layers.Rescaling(1 / 255, name="stem_scale")(pixels)
    flow = layers.Conv2D(8, 5, strides=4, activation="relu", name="stem_conv")(flow)
    flow = layers.BatchNormalization(momentum=0.8, name="block7a_bn")(flow)
    flow = layers.GlobalAveragePooling2D(name="head_pool")(flow)
    flow = layers.Dropout(dropout, name="head_drop")(flow)
    return keras.Model(pixels, layers.Dense(4, activation="softmax", name="head")(flow))


Fit = Callable[..., keras.Model]


@pytest.fixture
def begun() -> list[list[int]]:
    """For each training the batches at which its streams of pictures began."""
    return []


@pytest.fixture
def fit(
    tmp_path: Path,
    indexer: LabelIndexer,
    monkeypatch: pytest.MonkeyPatch,
    begun: list[list[int]],
) -> Fit:
    """Trains in the folder ``name``; ``kill_after`` stops it after so many steps."""
    train = shard_files([samples.write_split(tmp_path / "train", TOTAL, seed=0)])
    validated = shard_files([samples.write_split(tmp_path / "eval", 9, seed=100)])

    def run(
        name: str, changes: dict[str, Any], kill_after: int | None = None, dropout: float = 0.4
    ) -> keras.Model:
        steps_taken = [0]
        stop_on_nan = callbacks.StopOnNan.on_train_batch_end

        def count(self: Any, batch: int, logs: Any = None) -> None:
            stop_on_nan(self, batch, logs)
            steps_taken[0] += 1
            if steps_taken[0] == kill_after:
                raise Killed

        monkeypatch.setattr(callbacks.StopOnNan, "on_train_batch_end", count)
        settings = TrainSettings(
            **{"epochs": EPOCHS, "learning_rate": 0.02, "batch_size": BATCH} | changes
        )
        model = network(dropout)
        strength = 1.0 if dropout else 0.0
        augment = AugmentSettings(strength=strength, zoom=0.2, erase=0.3, mixup=0.5)
        index = shard_index.load(train, indexer)
        stream = functools.partial(_stream, index, indexer, augment=augment, seed=5)
        begun.append([])

        def noted(start: int) -> Any:
            begun[-1].append(start)
            return stream(start)

        evaluated = functools.partial(
            evaluation_batches, indexer=indexer, num_classes=4, resolution=samples.SIDE
        )
        validation = evaluated(ordered(validated), batch_size=BATCH)
        keep = functools.partial(
            head_features.keep,
            sampler=_sampler(index),
            label_indices=index.label_indices,
            class_weights=CLASS_WEIGHTS,
            batch_size=BATCH,
            pictures=lambda examples: evaluated(selected(index, examples), batch_size=7),
            validation=validation,
        )
        fitting.fit(
            model,
            noted,
            validation,
            settings,
            keras.losses.CategoricalCrossentropy(),
            steps_per_epoch=STEPS,
            run_dir=str(tmp_path / name),
            backups=Backups(str(tmp_path / "backup_dir"), str(sorted(changes))),
            keep=keep if settings.keep_features else None,
        )
        monkeypatch.setattr(callbacks.StopOnNan, "on_train_batch_end", stop_on_nan)
        return model

    return run


def _sampler(index: ShardIndex) -> ClipSampler:
    return ClipSampler(index.clips, index.label_indices, 4, seed=5)


def _stream(index: ShardIndex, indexer: LabelIndexer, start: int, **options: Any) -> Any:
    stream = sampled(index, _sampler(index), indexer, batch_size=BATCH, start=start)
    return training_batches(
        stream, indexer, CLASS_WEIGHTS, resolution=samples.SIDE, batch_size=BATCH, **options
    )


def curves_of(folder: Path) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in curves.read(str(folder))]


def assert_same_curves(one: Path, other: Path) -> None:
    assert len(curves_of(one)) == len(curves_of(other)) > 0
    for row, again in zip(curves_of(one), curves_of(other), strict=True):
        assert row == pytest.approx(again, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("averaged", 1e-9), ("plateau", 0.0), ("two phases", 1e-9), ("kept features", 1e-9)],
)
def test_a_training_killed_twice_ends_as_one_that_was_not(
    fit: Fit, tmp_path: Path, name: str, minutes: float
) -> None:
    whole = fit("whole", SETTINGS[name] | {"backup_minutes": 0.0})
    changes = SETTINGS[name] | {"backup_minutes": minutes}
    Backups(str(tmp_path / "backup_dir"), "any").clear()
    for attempt, steps in enumerate((9, 13)):
        with pytest.raises(Killed):
            fit(f"killed {attempt}", changes, kill_after=steps)
    resumed = fit("resumed", changes)
    assert_same_curves(tmp_path / "resumed", tmp_path / "whole")
    for one, other in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_allclose(
            one.numpy().astype(float), other.numpy(), rtol=1e-3, atol=1e-4, err_msg=one.path
        )


def test_kept_features_train_the_head_as_the_pictures_do(
    fit: Fit, tmp_path: Path, begun: list[list[int]]
) -> None:
    changes = SETTINGS["kept features"] | {"backup_minutes": 0.0}
    # Without chance: neither augmentation nor dropout.
    plain = fit("plain", changes | {"keep_features": False}, dropout=0.0)
    Backups(str(tmp_path / "backup_dir"), "any").clear()
    kept = fit("kept", changes, dropout=0.0)
    assert_same_curves(tmp_path / "kept", tmp_path / "plain")
    for one, other in zip(kept.variables, plain.variables, strict=True):
        np.testing.assert_allclose(
            one.numpy().astype(float), other.numpy(), rtol=1e-3, atol=1e-4, err_msg=one.path
        )
    # No batch of pictures is made for the three epochs of the head.
    assert begun == [[0, 3 * STEPS], [3 * STEPS]]


def test_a_backup_that_cannot_be_written_is_a_warning_and_the_next_is_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backups = Backups(str(tmp_path / "backup_dir"), "any")
    resumption = Resumption(backups, str(tmp_path), minutes=0)
    # A file where a folder should be: no path below it can be written.
    Path(backups.root).write_text("in the way", "utf-8")
    resumption.note_phase(network(), end=1)
    (warning,) = caplog.records
    assert warning.levelname == "WARNING"
    assert "No backup of the training could be made for 0 min" in warning.getMessage()
    assert "in the way" not in warning.getMessage() and "backup_dir" in warning.getMessage()
    Path(backups.root).unlink()
    resumption.note_phase(network(), end=2)
    assert len(caplog.records) == 1
    assert Resumption(backups, str(tmp_path), minutes=0).position == (2, 0)
