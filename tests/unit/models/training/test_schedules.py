"""Learning rates at the steps where something changes."""

import keras
import pytest

from models.settings.training import TrainSettings
from models.training import schedules


def rates(settings: TrainSettings, *steps: int, epochs: int = 4) -> list[float]:
    schedule = schedules.learning_rate(settings, 0.8, steps=10 * epochs, steps_per_epoch=10)
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
    assert schedules.learning_rate(settings, 0.8, steps=40, steps_per_epoch=10) == 0.8


def test_annealing_falls_from_the_rate_where_it_begins() -> None:
    settings = TrainSettings(warmup_epochs=0.0, final_rate=0.0)
    schedule = schedules.learning_rate(settings, 0.8, steps=41, steps_per_epoch=10)
    before = [float(schedule(step)) for step in (0, 20)]
    assert before == pytest.approx([0.8, 0.4])  # Half way.
    schedule.anneal(20, 11)
    # The last of 11 steps, 30, has the final rate; step 25 is half way from 0.4 to 0.
    found = [float(schedule(step)) for step in (0, 19, 20, 25, 30, 99)]
    assert found[0] == pytest.approx(0.8) and found[1] > 0.4
    assert found[2:] == pytest.approx([0.4, 0.2, 0.0, 0.0], abs=1e-6)


def test_a_length_that_becomes_known_later_ends_at_the_final_rate() -> None:
    settings = TrainSettings(minutes=5.0, warmup_epochs=1.0, final_rate=0.1)
    schedule = schedules.learning_rate(settings, 0.8, steps=1000, steps_per_epoch=100)
    assert schedules.warmup_steps(settings, 200, 100) == 20  # A tenth, less than an epoch.
    schedule.set_length(20, 200)
    found = [float(schedule(step)) for step in (0, 20, 199, 300)]
    assert found == pytest.approx([0.8 / 21, 0.8, 0.08, 0.08], rel=1e-5)


def run_epochs(settings: TrainSettings, figures: list[float], rate: float) -> list[float]:
    """Gives validation figures to the callbacks and returns each epoch's rate."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse", jit_compile=False)
    found = schedules.callbacks(settings, rate)
    for callback in found:
        callback.set_model(model)
        callback.on_train_begin()
    used = []
    for epoch, figure in enumerate(figures):
        used.append(float(model.optimizer.learning_rate))
        for callback in found:
            callback.on_epoch_end(epoch, {"val_macro_f1": figure, "val_loss": float(epoch)})
    return used


def test_plateau_lowers_the_rate_after_its_patience_and_not_below_the_floor() -> None:
    settings = TrainSettings(
        schedule="plateau", plateau_factor=0.5, plateau_patience=2, final_rate=0.2
    )
    # No better at epochs 1, 2: halved. Again at 3, 4: a quarter. Then the floor of a fifth.
    used = run_epochs(settings, [0.5] * 8, rate=0.4)
    assert used == pytest.approx([0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.08])


def test_a_rising_figure_keeps_plateaus_rate_and_noise_is_no_rise() -> None:
    settings = TrainSettings(schedule="plateau", plateau_patience=1, min_gain=0.01)
    assert run_epochs(settings, [0.4, 0.42, 0.44], rate=0.4) == pytest.approx([0.4] * 3)
    lowered = 0.4 * settings.plateau_factor
    assert run_epochs(settings, [0.4, 0.409, 0.2], rate=0.4) == pytest.approx([0.4, 0.4, lowered])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_other_schedules_do_nothing_between_epochs(schedule: str) -> None:
    assert schedules.callbacks(TrainSettings(schedule=schedule), 0.4) == []
