"""The training loop: its figures, the epoch that it keeps, and the averaged weights."""

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.settings.training import TrainSettings
from models.training import averaging, compiling, fine_tuning, fitting
from models.training.backup import Backups
from models.training.callbacks import TrainingDivergedError
from schemas import artifacts
from testing.models import samples

PLAIN: dict[str, Any] = {
    "schedule": "constant",
    "imbalance": "none",
    "label_smoothing": 0.0,
    "weight_decay": 0.0,
    "clip_norm": 0.0,
    "checkpoint_metric": "accuracy",
}


def two_logits(lead: float) -> keras.Model:
    """Returns a network that gives mood 1 a logit of ``lead`` and mood 0 one of 0."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, activation="softmax", use_bias=False)]
    )
    model.layers[0].set_weights([np.float32([[0.0, lead]])])
    return model


def lead_of(model: keras.Model) -> float:
    kernel = model.layers[-1].get_weights()[0]
    return float(kernel[0, 1] - kernel[0, 0])


def fit(
    model: keras.Model, folder: Path, pixels: Any = None, validated: int = 1, **changes: Any
) -> list[dict[str, str]]:
    """Trains towards mood 0, validates with another, one step an epoch; returns the curves."""
    pixels = tf.ones([4, 1]) if pixels is None else pixels
    labels = [tf.one_hot([index] * 4, 2) for index in (0, 1)]
    fitting.fit(
        model,
        lambda start: tf.data.Dataset.from_tensors((pixels, labels[0], tf.ones([4]))).repeat(),
        tf.data.Dataset.from_tensors((pixels, labels[validated])),
        TrainSettings(**PLAIN | changes),
        keras.losses.CategoricalCrossentropy(),
        steps_per_epoch=1,
        run_dir=str(folder),
        backups=Backups(str(folder / "backup_dir"), "any"),
    )
    with (folder / artifacts.CURVES_CSV).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_training_ends_early_and_leaves_the_best_epoch(tmp_path: Path) -> None:
    # Each epoch is worse than the one before. Adam moves each logit by the rate, so the lead
    # of mood 1 falls from 1.5 to 0.7 after the first step, then below 0.
    model = two_logits(1.5)
    rows = fit(model, tmp_path, epochs=10, learning_rate=0.4, early_stopping_patience=2)
    assert len(rows) == 1 + 2  # The best, and two that were no better.
    assert lead_of(model) == pytest.approx(0.7, abs=1e-3)


@pytest.mark.slow
def test_the_curves_have_the_learning_rate_of_each_epoch(tmp_path: Path) -> None:
    rows = fit(
        two_logits(9.0),
        tmp_path,
        epochs=3,
        learning_rate=0.4,
        schedule="cosine",
        warmup_epochs=0.0,
        final_rate=0.5,
    )
    # Two epochs to fall in: (1 + cos 90 degrees) / 2 of the way from 0.5 to 1. The rate is
    # that of the step to come, and the last one stays.
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.3, 0.2, 0.2])


@pytest.mark.slow
def test_averaged_weights_are_validated_kept_and_returned(tmp_path: Path) -> None:
    # The lead is 1.0, then Adam's steps of 2 * 0.2 take it to 0.6, 0.2 and -0.2. The average
    # begins with 0.6; at 0.5 it is 0.4 after the second step and 0.1 after the third.
    model = two_logits(1.0)
    rows = fit(
        model, tmp_path, epochs=3, learning_rate=0.2, ema_decay=0.5, checkpoint_metric="accuracy"
    )
    leads = [-np.log(np.exp(float(row["val_loss"])) - 1) for row in rows]
    assert leads == pytest.approx([0.6, 0.4, 0.1], abs=0.01)
    assert [float(row["val_accuracy"]) for row in rows] == [1, 1, 1]  # Of -0.2 it would be 0.
    losses = [np.log1p(np.exp(lead)) for lead in (1.0, 0.6, 0.2)]
    # The training goes on from the weights that were not averaged.
    assert [float(row["loss"]) for row in rows] == pytest.approx(losses, abs=0.01)
    assert lead_of(model) == pytest.approx(0.6, abs=0.01)
    stored = keras.models.load_model(tmp_path / artifacts.CHECKPOINT_KERAS)
    assert lead_of(stored) == lead_of(model)


@pytest.mark.slow
def test_the_kept_epoch_has_the_averaged_weights_and_not_those_of_its_last_step(
    tmp_path: Path,
) -> None:
    # As above, with a fourth step to -0.6: mood 0 is first predicted by the average of 0.1 and
    # -0.6, while the last step's weights predict it one epoch earlier.
    model = two_logits(1.0)
    rows = fit(model, tmp_path, validated=0, epochs=4, learning_rate=0.2, ema_decay=0.5)
    assert [float(row["val_accuracy"]) for row in rows] == [0, 0, 0, 1]
    assert lead_of(model) == pytest.approx(-0.25, abs=0.02)


def one_norm() -> keras.Model:
    """Returns a batch norm of one number, with momentum 0.5, and two logits."""
    return keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.BatchNormalization(momentum=0.5, name="head_norm"),
            keras.layers.Dense(2, activation="softmax", name="head"),
        ]
    )


@pytest.mark.slow
def test_moving_statistics_are_averaged_like_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches of constant 4: the moving mean goes 0, 2, 3, 3.5. The average begins with 2; at 0.5
    # it is 2.5 after the second step and 3 after the third.
    validated, trained = [], []

    class Look(averaging.UseAverages):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            validated.append(float(self.model.layers[0].moving_mean[0]))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_begin(epoch, logs)
            trained.append(float(self.model.layers[0].moving_mean[0]))

    monkeypatch.setattr(averaging, "UseAverages", Look)
    model = one_norm()
    fit(model, tmp_path, tf.fill([4, 1], 4.0), epochs=3, ema_decay=0.5, learning_rate=1e-6)
    assert validated == pytest.approx([2.0, 2.5, 3.0])
    assert trained == pytest.approx([0.0, 2.0, 3.0])
    # The curve is flat, so the first epoch is the best.
    stored = keras.models.load_model(tmp_path / artifacts.CHECKPOINT_KERAS)
    assert float(stored.get_layer("head_norm").moving_mean[0]) == pytest.approx(2.0)


def test_statistics_that_are_frozen_are_not_averaged() -> None:
    model = samples.named_network()
    fine_tuning.freeze(model, "last_block")
    layers = {variable.path.split("/")[0] for variable in averaging.statistics_of(model)}
    assert layers == {"block7a_bn", "head_norm"}


@pytest.mark.slow
def test_two_phases_train_the_head_then_all_on_one_curve(tmp_path: Path) -> None:
    model = samples.named_network()
    pixels = tf.constant(np.stack([samples.mottled(8, 8, n) for n in range(4)]), tf.float32)
    stem = model.get_layer("stem_conv").get_weights()[0]
    stem_is_unchanged = []
    original = compiling.compile_for

    def spy(model: keras.Model, *args: Any, **named: Any) -> list[keras.metrics.Metric]:
        stem_is_unchanged.append(
            np.array_equal(stem, model.get_layer("stem_conv").get_weights()[0])
        )
        return original(model, *args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "compile_for", spy)
        rows = fit(
            model,
            tmp_path,
            pixels,
            epochs=5,
            learning_rate=0.01,
            fine_tune="two_phase",
            head_epochs=2,
            full_rate=0.5,
        )
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.01] * 2 + [0.005] * 3)
    assert stem_is_unchanged == [
        True,
        True,
    ]  # Nothing but the head had moved when the second phase began.


@pytest.mark.slow
def test_the_best_epoch_may_be_of_the_first_phase(tmp_path: Path) -> None:
    # Each epoch moves the lead of mood 1 away from what validates, at once below 0.
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(2, activation="softmax", use_bias=False, name="head"),
        ]
    )
    model.layers[0].set_weights([np.float32([[0.0, 1.0]])])
    rows = fit(
        model,
        tmp_path,
        epochs=3,
        learning_rate=0.4,
        fine_tune="two_phase",
        head_epochs=1,
        full_rate=1.0,
    )
    assert [float(row["val_accuracy"]) for row in rows] == [1, 0, 0]
    assert lead_of(model) == pytest.approx(0.2, abs=1e-3)


@pytest.mark.slow
def test_a_training_that_diverges_keeps_its_best_epoch(tmp_path: Path) -> None:
    run_dir = tmp_path / "model_run" / "3"
    good, bad = tf.ones([4, 1]), tf.fill([4, 1], np.nan)
    labels = tf.one_hot([0] * 4, 2)
    steps = [tf.data.Dataset.from_tensors((x, labels, tf.ones([4]))) for x in (good, bad)]
    with pytest.raises(TrainingDivergedError, match=r"last_good/run_3/best\.keras"):
        fitting.fit(
            two_logits(1.0),
            lambda start: steps[0].concatenate(steps[1]),
            tf.data.Dataset.from_tensors((good, labels)),
            TrainSettings(**PLAIN | {"epochs": 2, "learning_rate": 0.2}),
            keras.losses.CategoricalCrossentropy(),
            steps_per_epoch=1,
            run_dir=str(run_dir),
            backups=Backups(str(tmp_path / "backup_dir"), "any"),
        )
    kept = keras.models.load_model(tmp_path / "last_good" / "run_3" / "best.keras")
    assert lead_of(kept) == pytest.approx(0.6, abs=1e-3)


def fixed_predictions(probabilities: list[list[float]]) -> keras.Model:
    """Returns a network whose output for example i, given as i, is ``probabilities[i]``."""
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="int32"),
            keras.layers.Embedding(len(probabilities), len(probabilities[0])),
            keras.layers.Flatten(),
        ]
    )
    model.layers[0].set_weights([np.float32(probabilities)])
    return model


def test_macro_f1_is_over_the_moods_that_there_are_and_ignores_the_class_weights() -> None:
    # True: 0 0 0 1 2; predicted: 0 0 1 1 0. The map has a fourth mood without examples.
    likely = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]]
    model = fixed_predictions([likely[0], likely[0], likely[1], likely[1], likely[0]])
    settings = TrainSettings()
    (phase,) = fine_tuning.phases(settings)
    compiling.compile_for(model, settings, keras.losses.CategoricalCrossentropy(), phase, 1)
    y_true = np.eye(4)[[0, 0, 0, 1, 2]]
    weights = np.array([1.0, 1.0, 1.0, 50.0, 100.0])
    numbers = np.arange(5)[:, np.newaxis]
    measured = model.evaluate(numbers, y_true, sample_weight=weights, verbose=0, return_dict=True)
    # F1 of mood 0: 2 * 2 / (3 predicted + 3 true); of 1: 2 * 1 / (2 + 1); of 2: 0.
    # Mood 3 has no rows and is left out, as in the evaluation.
    assert measured["macro_f1"] == pytest.approx((4 / 6 + 2 / 3) / 3, abs=1e-6)
    assert measured["accuracy"] == pytest.approx(3 / 5)
    # The loss is weighted: -log(0.7) where right, -log(0.1) where wrong, over 5 examples.
    right, wrong = -np.log(0.7), -np.log(0.1)
    expected = (2 * right + wrong + 50 * right + 100 * wrong) / 5
    assert measured["loss"] == pytest.approx(expected, rel=1e-5)
