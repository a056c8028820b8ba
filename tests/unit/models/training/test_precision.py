"""Selection of the step config by the clock and the loss, both given by hand."""

import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.settings import TrainSettings
from models.training import fine_tuning, fitting, precision
from models.training.precision import (
    StepConfig,
    candidates,
    dtype_policy,
    fastest,
    select_precision,
)
from schemas import artifacts
from testing.models import samples

PLAIN, HALF, HALF_XLA = (
    StepConfig("float32", False),
    StepConfig("float16", False),
    StepConfig("float16", True),
)
GOOD = [1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1]


class Machine:
    """A clock, and a stepper that moves it."""

    def __init__(
        self, seconds: dict[StepConfig, float], losses: dict[StepConfig, list[float]]
    ) -> None:
        self.now = 0.0
        self._seconds = seconds
        self._losses = losses

    def clock(self) -> float:
        return self.now

    def steps(self, config: StepConfig) -> Iterator[float]:
        for step, loss in enumerate(self._losses.get(config, GOOD)):
            # Compiling takes 60 s and must not count.
            self.now += 60 if step == 0 else self._seconds[config]
            yield loss


def selected(
    seconds: dict[StepConfig, float], losses: dict[StepConfig, list[float]] | None = None
) -> StepConfig:
    machine = Machine(seconds, losses or {})
    return fastest(list(seconds), machine.steps, machine.clock)[0]


def test_the_fastest_is_selected_whatever_time_the_first_step_takes() -> None:
    assert selected({PLAIN: 0.3, HALF: 0.1, HALF_XLA: 0.2}) == HALF
    assert selected({PLAIN: 0.3, HALF: 0.4, HALF_XLA: 0.2}) == HALF_XLA
    assert selected({PLAIN: 0.3, HALF: 0.4, HALF_XLA: 0.5}) == PLAIN


@pytest.mark.parametrize(
    "losses",
    [
        [1.8, 1.7, float("nan"), *GOOD[3:]],
        [1.8, float("inf"), *GOOD[2:]],
        [*GOOD[:7], 1.1 * 1.06],  # 6 % off at the last step; 5 % are allowed.
    ],
)
def test_a_config_with_other_losses_is_not_selected(losses: list[float]) -> None:
    assert selected({PLAIN: 0.3, HALF: 0.1}, {HALF: losses}) == PLAIN
    assert selected({PLAIN: 0.3, HALF: 0.1}, {HALF: [*GOOD[:7], 1.1 * 1.04]}) == HALF


def test_a_config_that_fails_is_not_selected_and_its_failure_is_kept() -> None:
    machine = Machine({PLAIN: 0.3, HALF: 0.1}, {})

    def steps(config: StepConfig) -> Iterator[float]:
        if config == HALF:
            raise tf.errors.UnimplementedError(None, None, "no such kernel")
        yield from machine.steps(config)

    config, measurements = fastest([PLAIN, HALF], steps, machine.clock)
    assert config == PLAIN
    assert [measurement.failure for measurement in measurements] == [
        "",
        "UnimplementedError: no such kernel",
    ]


def test_nothing_is_measured_if_there_is_no_choice() -> None:
    config, measurements = fastest([HALF], lambda config: pytest.fail("measured"))
    assert (config, measurements) == (HALF, [])


def test_on_a_cpu_bfloat16_needs_its_instructions_and_xla_is_no_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision.tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "fma"})
    assert candidates(TrainSettings()) == [StepConfig("float32", False)]
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "amx_bf16"})
    assert candidates(TrainSettings()) == [
        StepConfig("float32", False),
        StepConfig("bfloat16", False),
    ]
    assert candidates(TrainSettings(precision="float16", xla="on")) == [StepConfig("float16", True)]


def test_without_measuring_auto_is_plain_float32_and_other_settings_stay() -> None:
    assert candidates(precision.without_auto(TrainSettings())) == [PLAIN]
    settings = TrainSettings(precision="float16", xla="on")
    assert precision.without_auto(settings) == settings


def test_on_a_gpu_every_config_is_a_candidate_and_float32_is_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision.tf.config, "list_physical_devices", lambda kind: ["gpu"])
    configs = candidates(TrainSettings())
    assert configs[0] == StepConfig("float32", False) and len(configs) == 6 == len(set(configs))
    assert candidates(TrainSettings(xla="off")) == [
        StepConfig(precision, False) for precision in ("float32", "bfloat16", "float16")
    ]


def test_a_training_that_goes_on_keeps_its_config_and_the_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "candidates", lambda settings: [PLAIN, HALF])

    def steps(config: StepConfig) -> Iterator[float]:
        yield from [float("nan")] * 8 if config == HALF else GOOD

    folders = [str(tmp_path / name) for name in ("backup_dir", "run", "run again")]
    assert select_precision(TrainSettings(), steps, folders[0], folders[1]) == PLAIN
    again = select_precision(
        TrainSettings(), lambda config: pytest.fail("measured"), folders[0], folders[2]
    )
    assert again == PLAIN
    for folder in folders:
        document = json.loads((Path(folder) / artifacts.PRECISION_JSON).read_text("utf-8"))
        assert document["taken"] == {"precision": "float32", "xla": False}
        assert [measurement["losses"][0] for measurement in document["trials"]] == [1.8, None]
        assert document["trials"][1]["failure"] == "The loss is nan after step 1"


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_trains_float32_weights_with_float32_outputs(precision: str) -> None:
    before = keras.config.dtype_policy()
    with dtype_policy(precision):
        model = samples.named_network()
    assert keras.config.dtype_policy() == before
    assert model.get_layer("stem_conv").compute_dtype == precision
    assert {str(each.dtype) for each in model.trainable_variables} == {"float32"}
    settings = TrainSettings(warmup_epochs=0.0, learning_rate=0.02)
    pixels = np.stack([samples.mottled(8, 8, seed) for seed in range(8)])
    batch = (pixels, np.eye(2, dtype=np.float32)[[0, 1] * 4], np.ones(8, np.float32))
    batches = tf.data.Dataset.from_tensors(batch).repeat(12)
    loss = keras.losses.CategoricalCrossentropy()
    losses = list(
        fitting.train_steps(model, batches, settings, loss, steps_per_epoch=12, xla=False)
    )
    assert losses[-1] < losses[0] and np.isfinite(losses).all()
    wrapped = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert wrapped == (precision == "float16")
    assert fine_tuning.phases(settings)[-1].part == "full"
