"""Learning rates at the steps where something changes."""

import keras
import pytest

from models.settings import TrainSettings
from models.training import schedules


def rates(settings: TrainSettings, *steps: int, epochs: int = 4) -> list[float]:
    schedule = schedules.learning_rate(settings, 0.8, epochs=epochs, steps_per_epoch=10)
    return [float(schedule(step)) for step in steps]


def test_cosine_warms_up_and_ends_at_the_final_share() -> None:
    # Warm-up of 0.9 epochs is 9 steps: from 0.8 / 10 by 0.08 a step. The last step is 39, so
    # the fall takes 30 steps; half way, at step 24, it is at (1 + 0.1) / 2 of the peak.
    settings = TrainSettings(warmup_epochs=0.9, final_rate=0.1)
    found = rates(settings, 0, 1, 8, 9, 24, 39, 1000)
    assert found == pytest.approx([0.08, 0.16, 0.72, 0.8, 0.44, 0.08, 0.08], rel=1e-5)
    # A third of the way: 0.1 + 0.9 * (1 + cos 60 degrees) / 2 = 0.775.
    assert rates(settings, 19) == pytest.approx([0.8 * 0.775], rel=1e-5)


def test_cosine_without_warm_up_begins_at_the_peak() -> None:
    settings = TrainSettings(warmup_epochs=0.0, final_rate=0.0)
    assert rates(settings, 0, 39) == pytest.approx([0.8, 0.0], abs=1e-6)


def test_a_warm_up_that_fills_the_whole_training_is_possible() -> None:
    settings = TrainSettings(epochs=1, warmup_epochs=0.99)
    assert rates(settings, 0, 9, epochs=1) == pytest.approx([0.8 / 11, 0.8 * 10 / 11], rel=1e-5)


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_other_schedules_begin_with_the_number_itself(schedule: str) -> None:
    settings = TrainSettings(schedule=schedule)
    assert schedules.learning_rate(settings, 0.8, epochs=4, steps_per_epoch=10) == 0.8


def run_epochs(settings: TrainSettings, losses: list[float], rate: float) -> list[float]:
    """Gives validation losses to the callbacks and returns each epoch's rate."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse", jit_compile=False)
    found = schedules.callbacks(settings, rate)
    for callback in found:
        callback.set_model(model)
        callback.on_train_begin()
    used = []
    for epoch, loss in enumerate(losses):
        used.append(float(model.optimizer.learning_rate))
        for callback in found:
            callback.on_epoch_end(epoch, {"val_loss": loss})
    return used


def test_plateau_lowers_the_rate_after_its_patience_and_not_below_the_floor() -> None:
    settings = TrainSettings(
        schedule="plateau", plateau_factor=0.5, plateau_patience=2, final_rate=0.2
    )
    # No better at epochs 1, 2: halved. Again at 3, 4: a quarter. Then the floor of a fifth.
    used = run_epochs(settings, [1.0] * 8, rate=0.4)
    assert used == pytest.approx([0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.08])


def test_a_falling_loss_keeps_plateaus_rate() -> None:
    settings = TrainSettings(schedule="plateau", plateau_patience=1)
    assert run_epochs(settings, [4.0, 3.0, 2.0], rate=0.4) == pytest.approx([0.4] * 3)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_other_schedules_do_nothing_between_epochs(schedule: str) -> None:
    assert schedules.callbacks(TrainSettings(schedule=schedule), 0.4) == []
