"""Which results of a trial are those of sound arithmetic."""

from typing import Any

import keras
import pytest
import tensorflow as tf

from models.settings.training import TrainSettings
from models.training import losses, precision_trial
from models.training.precision_measurement import failure_of
from models.training.precision_trial import Result
from models.training.step_config import StepConfig, dtype_policy
from testing.models.precision_results import BATCH, PLAIN, result

LOSS = losses.loss_for(TrainSettings(), [1] * 4)


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({}, ""),
        ({"loss": 1.8 * 1.04, "gradient_cosine": 0.91, "gradient_length": 1.19}, ""),
        ({"loss": float("nan")}, "the loss is nan, and"),
        ({"loss": 1.8 * 1.06}, "the loss is 1.9080 and not 1.8000"),
        ({"gradient_cosine": 0.89}, "a cosine of 0.890"),
        ({"gradient_cosine": float("nan")}, "the loss is 1.8, and"),
        ({"gradient_length": 0.0}, "0.000 times as long"),
        ({"gradient_length": 1.21}, "1.210 times as long"),
    ],
)
def test_what_sound_arithmetic_cannot_give_is_refused(
    changes: dict[str, float], failure: str
) -> None:
    found = failure_of(result(**changes), first_loss=1.8)
    assert found.startswith(failure) or failure in found
    assert bool(found) == bool(failure)


def dropping_network(seed: int, rounding: int = 0) -> keras.Model:
    """Returns a network whose weights are always the same, and whose drop-connect is not.

    Args:
      seed: of the drop-connect.
      rounding: bits that its activations keep; 0 for all.
    """

    @tf.custom_gradient
    def rounded(x: tf.Tensor) -> Any:
        step = 2.0 ** (1 - rounding) * tf.reduce_max(tf.abs(x))
        return tf.round(x / step) * step, lambda upstream: upstream

    keras.utils.set_random_seed(3)
    pixels = keras.Input((32, 32, 3))
    flow = keras.layers.Rescaling(1 / 255)(pixels)
    for _ in range(2):
        flow = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(flow)
        flow = keras.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1), seed=seed)(flow)
        if rounding:
            flow = keras.layers.Lambda(rounded)(flow)
    flow = keras.layers.GlobalAveragePooling2D()(flow)
    return keras.Model(pixels, keras.layers.Dense(4, activation="softmax")(flow))


def compared(one: keras.Model, other: keras.Model) -> Result:
    first, second = (precision_trial.probe(each, BATCH, LOSS, PLAIN) for each in (one, other))
    return precision_trial.compared(first, second, 1)


@pytest.mark.slow
def test_networks_that_differ_in_their_drop_connect_only_are_the_same() -> None:
    one, other = dropping_network(1), dropping_network(2)
    # By chance, their losses in training differ.
    first, second = (float(LOSS(BATCH[1], each(BATCH[0], training=True))) for each in (one, other))
    assert abs(first - second) > 1e-4
    found = compared(one, other)
    assert found["gradient_cosine"] == pytest.approx(1) and not failure_of(found, found["loss"])
    assert {layer.rate for layer in one.layers if isinstance(layer, keras.layers.Dropout)} == {0.5}


@pytest.mark.slow
def test_broken_arithmetic_is_refused() -> None:
    sound = dropping_network(1)
    found = compared(sound, dropping_network(1, rounding=2))
    first = precision_trial.probe(sound, BATCH, LOSS, PLAIN).loss
    assert failure_of(found, first)
    assert not failure_of(compared(sound, dropping_network(1, rounding=8)), first)


@pytest.mark.slow
def test_half_precision_of_a_sound_network_is_accepted() -> None:
    reference = dropping_network(1)
    for name in ("bfloat16", "float16"):
        with dtype_policy(name):
            half = dropping_network(1)
        first = precision_trial.probe(reference, BATCH, LOSS, PLAIN)
        second = precision_trial.probe(half, BATCH, LOSS, StepConfig(name, False))
        found = precision_trial.compared(first, second, 1)
        assert 0.99 < found["gradient_cosine"] < 1 and not failure_of(found, first.loss)
