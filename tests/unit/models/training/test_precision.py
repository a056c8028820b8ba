"""Selection of the step config: what is compared, what is refused, and what is given up."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.settings import ModelSettings, TrainSettings
from models.training import losses, precision, precision_trial
from models.training.precision import (
    ALL_CONFIGS,
    Measurement,
    candidates,
    failure_of,
    fastest,
    select_precision,
    try_in_process,
)
from models.training.precision_trial import MARK, Batch, Result
from models.training.step_config import StepConfig, dtype_policy, with_loss_scale
from schemas import artifacts
from testing.models import samples

PLAIN, HALF, HALF_XLA = (
    StepConfig("float32", False),
    StepConfig("float16", False),
    StepConfig("float16", True),
)


def measured(config: StepConfig, seconds: float, failure: str = "") -> Measurement:
    return Measurement(config, seconds, loss=1.8, gradient_cosine=1.0, failure=failure)


def taken(*measurements: Measurement) -> StepConfig:
    return fastest([each.config for each in measurements], lambda _: list(measurements))[0]


def test_the_fastest_that_did_not_fail_is_taken() -> None:
    slow, quick, middle = measured(PLAIN, 0.3), measured(HALF, 0.1), measured(HALF_XLA, 0.2)
    assert taken(slow, quick, middle) == HALF
    assert taken(slow, measured(HALF, 0.1, "wrong"), middle) == HALF_XLA
    assert taken(slow, measured(HALF, 0.4)) == PLAIN


def test_without_a_measurement_to_compare_with_the_first_is_taken() -> None:
    assert taken(measured(PLAIN, 0.3, "given up after 25 s"), measured(HALF, 0.1)) == PLAIN


def test_nothing_is_tried_if_there_is_no_choice() -> None:
    config, measurements = fastest([HALF], lambda configs: pytest.fail("tried"))
    assert (config, measurements) == (HALF, [])


def devices(monkeypatch: pytest.MonkeyPatch, *capabilities: tuple[int, int] | None) -> None:
    """Gives this machine GPUs of these compute capabilities."""
    config = precision.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: list(capabilities))
    monkeypatch.setattr(
        config.experimental,
        "get_device_details",
        lambda gpu: {"compute_capability": gpu} if gpu else {},
    )


def test_on_a_cpu_bfloat16_needs_its_instructions_and_xla_is_no_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices(monkeypatch)
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "fma"})
    assert candidates(TrainSettings()) == [PLAIN]
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "amx_bf16"})
    assert candidates(TrainSettings()) == [PLAIN, StepConfig("bfloat16", False)]
    assert candidates(TrainSettings(precision="float16", xla="on")) == [HALF_XLA]


@pytest.mark.parametrize(
    ("capability", "halves"),
    [
        ((9, 0), ["bfloat16"]),
        ((8, 0), ["bfloat16"]),
        ((7, 5), ["float16"]),
        ((7, 0), ["float16"]),
        ((6, 1), []),
        (None, ["bfloat16", "float16"]),
    ],
)
def test_on_a_gpu_the_half_precision_is_that_of_its_tensor_cores(
    capability: tuple[int, int] | None, halves: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(monkeypatch, capability)
    found = candidates(TrainSettings(xla="off"))
    assert found == [StepConfig(name, False) for name in ("float32", *halves)]
    # With XLA, which takes long to compile, the likeliest is tried first.
    found = candidates(TrainSettings())[1 + len(halves) :]
    assert found == [StepConfig(name, True) for name in (*reversed(halves), "float32")]


def result(**changes: Any) -> Result:
    sound = Result(
        config=1, loss=1.8, gradient_cosine=0.99, gradient_length=1.0, seconds=0.1, failure=""
    )
    return Result(**sound | changes)


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


BATCH: Batch = [
    np.stack([samples.mottled(32, 32, seed) for seed in range(8)]),
    np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 2],
    np.ones(8, np.float32),
]
LOSS = losses.loss_for(TrainSettings(), [1] * 4)


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


def process(tmp_path: Path, *lines: str) -> list[str]:
    """Returns the command of a process that runs these lines of Python."""
    script = tmp_path / "trial.py"
    head = ["import json, os, sys, time", f"def say(result): print({MARK!r} + json.dumps(result))"]
    script.write_text("\n".join([*head, *lines]), "utf-8")
    return [sys.executable, "-u", str(script)]


def tried(
    command: list[str], configs: Sequence[StepConfig] = (PLAIN, HALF, HALF_XLA), **limits: float
) -> list[Measurement]:
    job = precision.job_for({}, TrainSettings(), ["a", "b"], [1, 1])
    limits = {"trial_seconds": 1.0, "start_seconds": 9.0, "all_seconds": 20.0} | limits
    return try_in_process(job, BATCH, configs, command=command, **limits)


def test_a_trial_that_hangs_is_given_up_and_what_was_measured_counts(tmp_path: Path) -> None:
    # A hanging kernel does not listen to signals that can be ignored.
    command = process(
        tmp_path,
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        f"print('noise'); say({result(config=0, gradient_cosine=1.0)!r})",
        "open(os.path.join(os.path.dirname(__file__), 'pid'), 'w').write(str(os.getpid()))",
        "time.sleep(600)",
    )
    began = time.monotonic()
    first, hanging, last = tried(command)
    assert time.monotonic() - began < 10
    assert not first.failure and first.loss == 1.8
    assert hanging.failure == "was given up after 1 s"
    assert last.failure == "not tried, because the one before was given up after 1 s"
    assert taken(first, hanging, last) == PLAIN
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        status = Path(f"/proc/{pid}")
        if not status.exists():
            break
        time.sleep(0.1)
    assert not status.exists()


def test_all_trials_together_have_a_deadline(tmp_path: Path) -> None:
    answers = [
        f"time.sleep(0.7); say({result(config=number, gradient_cosine=1.0)!r})"
        for number in range(3)
    ]
    found = tried(process(tmp_path, *answers, "time.sleep(600)"), all_seconds=1.2)
    assert [bool(each.failure) for each in found] == [False, True, True]


def test_a_process_that_dies_fails_its_trial_with_what_it_said_last(tmp_path: Path) -> None:
    command = process(
        tmp_path,
        f"say({result(config=0, gradient_cosine=1.0)!r})",
        "sys.stderr.write('CUDA_ERROR_ILLEGAL_ADDRESS'); os._exit(134)",
    )
    first, dead, last = tried(command)
    assert not first.failure
    assert dead.failure == "ended its process: CUDA_ERROR_ILLEGAL_ADDRESS"
    assert last.failure.startswith("not tried")


def test_each_trial_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tried(process(tmp_path, f"say({result(config=0, gradient_cosine=1.0)!r})"))
    told = [record.progress for record in caplog.records if hasattr(record, "progress")]
    assert {(each.task, each.total, each.unit) for each in told} == {("precision", 3, "trials")}
    assert told[0].note == "trying float32, for 10 s at most" and told[0].advance == 0
    assert told[1].note == "float32: 100.0 ms a batch" and told[1].advance == 1
    assert told[2].note.startswith("trying float16, for 1 s")


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


@pytest.mark.slow
def test_a_real_process_tries_the_network_and_says_what_it_cannot_build() -> None:
    job = precision.job_for(
        ModelSettings(weights="none", resolution=32).model_dump(),
        TrainSettings(batch_size=8),
        ["a", "b", "c", "d"],
        [2, 2, 2, 2],
    )
    limits = {"trial_seconds": 200.0, "all_seconds": 400.0}
    (plain,) = try_in_process(job, BATCH, [PLAIN], **limits)
    assert not plain.failure and plain.gradient_cosine == pytest.approx(1) and plain.seconds > 0
    job["model"]["weights"] = "/no/such.h5"
    (broken,) = try_in_process(job, BATCH, [PLAIN], **limits)
    assert broken.failure.startswith("ConfigError: model.weights must be")


def test_a_training_that_goes_on_keeps_its_config_and_the_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "candidates", lambda settings: [PLAIN, HALF])

    def trials(configs: Sequence[StepConfig]) -> list[Measurement]:
        nan = float("nan")
        return [measured(PLAIN, 0.1), Measurement(HALF, nan, nan, nan, "no such kernel")]

    folders = [str(tmp_path / name) for name in ("backup_dir", "run", "run again")]
    assert select_precision(TrainSettings(), trials, folders[0], folders[1]) == PLAIN
    again = select_precision(
        TrainSettings(), lambda configs: pytest.fail("tried"), folders[0], folders[2]
    )
    assert again == PLAIN
    for folder in folders:
        document = json.loads((Path(folder) / artifacts.PRECISION_JSON).read_text("utf-8"))
        assert document["taken"] == {"precision": "float32", "xla": False}
        assert [trial["loss"] for trial in document["trials"]] == [1.8, None]
        assert document["trials"][1]["failure"] == "no such kernel"


def test_several_machines_take_the_chiefs_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "candidates", lambda settings: [PLAIN, HALF])
    said: list[float] = []

    def from_chief(number: float) -> float:
        said.append(number)
        return said[0]

    def fast_half(configs: Sequence[StepConfig]) -> list[Measurement]:
        return [measured(PLAIN, 0.3), measured(HALF, 0.1)]

    chief, other = str(tmp_path / "chief"), str(tmp_path / "other")
    assert select_precision(TrainSettings(), fast_half, chief, chief, agree=from_chief) == HALF
    found = select_precision(
        TrainSettings(),
        lambda configs: pytest.fail("tried"),
        other,
        other,
        is_chief=False,
        agree=from_chief,
    )
    assert found == HALF and len(set(ALL_CONFIGS)) == 6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_has_float32_weights_and_a_loss_scale_where_it_needs_one(name: str) -> None:
    before = keras.config.dtype_policy()
    with dtype_policy(name):
        model = samples.named_network()
    assert keras.config.dtype_policy() == before
    assert model.get_layer("stem_conv").compute_dtype == name
    assert {str(each.dtype) for each in model.trainable_variables} == {"float32"}
    scaled = with_loss_scale(keras.optimizers.Adam(), model)
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer) == (name == "float16")
    model.compile(scaled, "categorical_crossentropy", jit_compile=False)
    pixels = np.stack([samples.mottled(8, 8, seed) for seed in range(8)])
    losses_seen = [
        model.train_on_batch(pixels, np.eye(2, dtype=np.float32)[[0, 1] * 4]) for _ in range(8)
    ]
    assert np.isfinite(losses_seen).all() and losses_seen[-1] < losses_seen[0]
