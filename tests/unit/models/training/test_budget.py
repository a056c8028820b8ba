"""The length of a training, and that it ends annealed however it ends."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.settings.training import TrainSettings
from models.training import budget, curves, fitting, schedules
from models.training.backup import Backups
from models.training.length import Length
from schemas import artifacts
from schemas.errors import ConfigError

PLAIN: dict[str, Any] = {
    "imbalance": "none",
    "label_smoothing": 0.0,
    "weight_decay": 0.0,
    "clip_norm": 0.0,
}


def table(leads: list[float]) -> keras.Model:
    """Returns a network that gives mood 0 of example i, one-hot, a lead of ``leads[i]``."""
    model = keras.Sequential(
        [keras.Input((len(leads),)), keras.layers.Dense(2, "softmax", use_bias=False, name="head")]
    )
    model.layers[0].set_weights([np.float32([[lead, 0.0] for lead in leads])])
    return model


def fit(
    model: keras.Model,
    folder: Path,
    moods: list[int] | None = None,
    repeats: list[int] | None = None,
    steps_per_epoch: int = 1,
    **changes: Any,
) -> list[dict[str, float]]:
    """Trains every example towards mood 1, validates with ``moods``; returns the curves."""
    number = model.input_shape[1]
    examples, train = np.eye(number, dtype=np.float32), tf.one_hot([1] * number, 2)
    rows = np.repeat(np.arange(number), repeats or [1] * number)
    validated = tf.one_hot(np.asarray(moods or [0] * number)[rows], 2)
    fitting.fit(
        model,
        lambda start: tf.data.Dataset.from_tensors((examples, train, tf.ones([number]))).repeat(),
        tf.data.Dataset.from_tensors((examples[rows], validated)),
        TrainSettings(**PLAIN | changes),
        keras.losses.CategoricalCrossentropy(),
        steps_per_epoch=steps_per_epoch,
        run_dir=str(folder),
        backups=Backups(str(folder / "backup_dir"), "any"),
        validation_examples=len(rows),
    )
    return curves.read(str(folder))


def rates(rows: list[dict[str, float]]) -> list[float]:
    return [row["learning_rate"] for row in rows]


def test_by_default_the_last_epoch_has_two_hundredths_of_the_peak_at_most() -> None:
    settings, steps_per_epoch = TrainSettings(), 50
    assert not settings.early_stopping_patience
    steps = settings.epochs * steps_per_epoch
    schedule = schedules.learning_rate(settings, 1.0, steps, steps_per_epoch)
    last = [float(schedule(step)) for step in range(steps - steps_per_epoch, steps)]
    assert max(last) <= 0.02 and last[-1] == pytest.approx(settings.final_rate)


@pytest.mark.slow
def test_a_training_goes_on_while_macro_f1_rises_although_the_loss_rises_too(
    tmp_path: Path,
) -> None:
    # 1,000 pictures of mood 0 with a lead of 6, which every epoch lowers by 0.8: their loss rises,
    # and they stay right. Five of mood 1, wrong by 0.6 to 3.8: each epoch one of them turns right.
    model = table([6.0, 0.6, 1.4, 2.2, 3.0, 3.8])
    rows = fit(
        model,
        tmp_path,
        moods=[0, 1, 1, 1, 1, 1],
        repeats=[1000, 1, 1, 1, 1, 1],
        epochs=5,
        learning_rate=0.4,
        schedule="constant",
        early_stopping_patience=1,
    )
    losses, scores = ([row[name] for row in rows] for name in ("val_loss", "val_macro_f1"))
    assert len(rows) == 5
    assert losses == sorted(losses) and scores == sorted(set(scores))


@pytest.mark.slow
def test_a_training_without_gain_anneals_and_ends(tmp_path: Path) -> None:
    # Example 0 stays wrong all the time. No gain in epochs 1 and 2, so that 3, 4 and 5 anneal.
    rows = fit(
        table([-9.0]),
        tmp_path,
        steps_per_epoch=4,
        epochs=100,
        learning_rate=1e-3,
        warmup_epochs=0.0,
        early_stopping_patience=2,
        anneal_epochs=3,
    )
    assert len(rows) == 6
    assert rates(rows)[2] > 0.99e-3  # As planned for 100 epochs until then.
    assert rates(rows)[3] == pytest.approx(0.75e-3, rel=0.1)
    assert rates(rows)[-1] == pytest.approx(1e-5, rel=1e-3)
    training = json.loads((tmp_path / artifacts.TRAINING_JSON).read_text("utf-8"))
    assert (training["steps"], training["epochs"]) == (24, 6)


@pytest.mark.slow
def test_near_its_end_a_training_without_gain_ends_as_planned(tmp_path: Path) -> None:
    rows = fit(
        table([-9.0]),
        tmp_path,
        epochs=4,
        learning_rate=1e-3,
        warmup_epochs=0.0,
        early_stopping_patience=1,
    )
    assert len(rows) == 4 and rates(rows)[-1] == pytest.approx(1e-5, rel=1e-3)


@pytest.mark.slow
def test_a_length_in_steps_ends_within_an_epoch_at_the_final_rate(tmp_path: Path) -> None:
    model = table([3.0])
    rows = fit(model, tmp_path, steps_per_epoch=4, steps=10, learning_rate=1e-3)
    assert len(rows) == 3 and int(model.optimizer.iterations.numpy()) == 10
    assert rates(rows)[-1] == pytest.approx(1e-5, rel=1e-3)


class Clock:
    """Moves by a number of seconds with each step."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self._seconds = seconds

    def __call__(self) -> float:
        return self.now

    def callback(self) -> keras.callbacks.Callback:
        return keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: setattr(self, "now", self.now + self._seconds)
        )


def decided(seconds: float, minutes: float, validation: float = 0.0) -> list[Any]:
    """Returns the documents that a training of an epoch with 40 steps decides on."""
    settings, clock, length = TrainSettings(minutes=minutes), Clock(seconds), Length(20, None)
    model, documents = table([1.0]), []
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", jit_compile=False)
    decide = budget.DecideSteps(
        settings,
        length,
        begin_step=0,
        skipped=0,
        left_seconds=60 * minutes,
        validation_seconds=validation,
        write=documents.append,
        agree=lambda number: number,
        clock=clock,
    )
    data = np.ones([40, 1]), np.eye(2)[[0] * 40]
    model.fit(
        *data, batch_size=1, steps_per_epoch=20, verbose=0, callbacks=[clock.callback(), decide]
    )
    assert length.steps == (documents[0]["steps"] if documents else None)
    return documents


@pytest.mark.slow
def test_the_minutes_become_the_steps_that_fit_into_them() -> None:
    # Three steps to warm up, then ten of 2 s: after 26 s, 274 s are left for 137 more.
    (document,) = decided(2.0, minutes=5)
    assert document == {
        **{"minutes": 5, "steps": 13 + 137},
        **{"ms_per_step": pytest.approx(2000), "validation_seconds": 0.0},
    }
    # Each 20 steps of 40 s are followed by a validation of 20 s, and so is the last one.
    (document,) = decided(2.0, minutes=5, validation=20.0)
    assert document["steps"] == 13 + int((274 - 20) / 3)


def test_minutes_that_are_over_at_once_still_leave_steps_to_anneal() -> None:
    (document,) = decided(2.0, minutes=0.1)
    assert document["steps"] == 2 * 13


def test_ten_steps_are_too_few_to_measure_if_they_are_quick() -> None:
    assert decided(0.1, minutes=10) == []


@pytest.mark.slow
def test_a_training_in_minutes_ends_annealed_and_a_repeated_one_keeps_its_steps(
    tmp_path: Path,
) -> None:
    changes = {"minutes": 0.1, "learning_rate": 1e-3}
    model = table([3.0])
    rows = fit(model, tmp_path, steps_per_epoch=200, **changes)
    document = json.loads((tmp_path / artifacts.BUDGET_JSON).read_text("utf-8"))
    steps = int(model.optimizer.iterations.numpy())
    assert document["steps"] == steps >= 26
    assert rates(rows)[-1] == pytest.approx(1e-5, rel=1e-3)
    folder = Backups(str(tmp_path / "backup_dir"), "any").folder
    again = budget.length_of(TrainSettings(**changes), 200, folder, str(tmp_path / "again"))
    assert again.steps == steps
    assert (tmp_path / "again" / artifacts.BUDGET_JSON).exists()


def test_the_head_must_not_take_the_whole_training(tmp_path: Path) -> None:
    settings = TrainSettings(steps=20, fine_tune="two_phase", head_epochs=2)
    with pytest.raises(ConfigError, match=r"2 epochs of 10 steps, and 20 steps"):
        budget.length_of(settings, 10, str(tmp_path), str(tmp_path))
    assert budget.length_of(settings, 9, str(tmp_path), str(tmp_path)).epochs == 3


@pytest.mark.slow
def test_steps_that_go_together_train_the_same(tmp_path: Path) -> None:
    found = []
    for together in (1, 3, 4):  # Of 4 steps an epoch, 3 cannot go together; 2 do.
        model = table([3.0, 1.0])
        changes = {"epochs": 2, "learning_rate": 0.1, "steps_per_execution": together}
        rows = fit(model, tmp_path / str(together), steps_per_epoch=4, **changes)
        found.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows])
        assert model.steps_per_execution == {1: 1, 3: 2, 4: 4}[together]
    assert found[1] == [pytest.approx(row) for row in found[0]]
    assert found[2] == [pytest.approx(row) for row in found[0]]
