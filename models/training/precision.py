"""Selection of the step config, precision and XLA, by measuring a few real steps.

Half the bits are not always faster: on processors without instructions for them they are many
times slower, and so were depthwise convolutions on GPUs; XLA's compiler makes the step seven
times slower on a CPU. So ``auto`` measures the configs for which the device has instructions.
"""

import contextlib
import dataclasses
import itertools
import json
import logging
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from models.settings import AUTO, BFLOAT16, FLOAT16, FLOAT32, OFF, ON, TrainSettings
from schemas import artifacts
from schemas.documents.training import MeasurementRecord, Precision, StepConfigRecord
from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

WARM_UP = 2
"""Steps that are not timed: the first is traced and compiled, the second finds caches cold."""
TIMED = 6
STEPS = WARM_UP + TIMED
_LOSS_TOLERANCE = 0.05
"""Share by which a loss may differ from float32's. bfloat16 keeps 8 bits, 0.4 % a rounding; the
losses of the first steps then differ by some 1 %, and by 100 % where a method has failed."""

_POLICIES = {FLOAT32: "float32", BFLOAT16: "mixed_bfloat16", FLOAT16: "mixed_float16"}
_BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}


class StepConfig(NamedTuple):
    """Precision of the training step, and whether XLA compiles it.

    Attributes:
      precision: a value of ``train.precision`` except "auto".
      xla: whether XLA compiles the step.
    """

    precision: str
    xla: bool


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Measurement of one step config.

    Attributes:
      config: the step config.
      seconds: median time of a step; NaN if a step failed.
      losses: after each step.
      failure: reason why the config cannot be used; empty if it can.
    """

    config: StepConfig
    seconds: float
    losses: tuple[float, ...]
    failure: str = ""


Stepper = Callable[[StepConfig], Iterable[float]]
"""Builds a new network, takes a step whenever the next loss is requested, and yields that loss.

The batches are the same for each config.
"""


def candidates(settings: TrainSettings) -> list[StepConfig]:
    """Returns the configs that the settings allow and that may be fast on this machine."""
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    if settings.precision != AUTO:
        precisions: list[str] = [settings.precision]
    elif on_gpu:
        precisions = [FLOAT32, BFLOAT16, FLOAT16]
    else:
        precisions = [FLOAT32, *([BFLOAT16] if _cpu_flags() & _BFLOAT16_INSTRUCTIONS else [])]
    if settings.xla != AUTO:
        compilers = [settings.xla == ON]
    else:
        compilers = [False, True] if on_gpu else [False]
    return [StepConfig(precision, xla) for precision in precisions for xla in compilers]


def without_auto(settings: TrainSettings) -> TrainSettings:
    """Returns the settings with float32 and without XLA where they are "auto"."""
    return settings.replace(
        precision=FLOAT32 if settings.precision == AUTO else settings.precision,
        xla=OFF if settings.xla == AUTO else settings.xla,
    )


def select_precision(
    settings: TrainSettings, stepper: Stepper, backup_dir: str, run_dir: str
) -> StepConfig:
    """Returns the step config of a training; a training that goes on keeps its config.

    Args:
      settings: ``precision`` and ``xla`` are used.
      stepper: see ``Stepper``.
      backup_dir: the training's folder that outlives a kill; gets ``artifacts.PRECISION_JSON``.
      run_dir: gets the same file.
    """
    backup_path = os.path.join(backup_dir, artifacts.PRECISION_JSON)
    run_path = os.path.join(run_dir, artifacts.PRECISION_JSON)
    tf.io.gfile.makedirs(run_dir)

    # A training that goes on.
    if tf.io.gfile.exists(backup_path):
        tf.io.gfile.copy(backup_path, run_path, overwrite=True)
        with tf.io.gfile.GFile(backup_path) as file:
            earlier: Precision = json.loads(file.read())
        return StepConfig(**earlier["taken"])

    # A training that begins.
    config, measurements = fastest(candidates(settings), stepper)
    _LOGGER.info("Training with %s", config)
    document = Precision(
        taken=StepConfigRecord(precision=config.precision, xla=config.xla),
        trials=[_record(measurement) for measurement in measurements],
    )
    tf.io.gfile.makedirs(backup_dir)
    for path in (run_path, backup_path):
        write_whole(path, json.dumps(document, indent=1))
    return config


def fastest(
    configs: Sequence[StepConfig], stepper: Stepper, clock: Callable[[], float] = time.perf_counter
) -> tuple[StepConfig, list[Measurement]]:
    """Returns the fastest config that keeps the loss, and the measurement of each.

    A config that raises any error is not used, because drivers and compilers raise errors of all
    types. If the first config raises one, there are no losses to compare the others with, and it
    is used: the training itself will then show its error.

    Args:
      configs: at least one; the losses of the others are compared with those of the first.
      stepper: see ``Stepper``.
      clock: returns seconds.
    """
    if len(configs) == 1:
        return configs[0], []
    measurements = [_measure(configs[0], stepper, clock, ())]
    if not measurements[0].failure:
        measurements += [
            _measure(config, stepper, clock, measurements[0].losses) for config in configs[1:]
        ]
    usable = [measurement for measurement in measurements if not measurement.failure]
    best = min(usable, key=lambda measurement: measurement.seconds, default=measurements[0])
    for measurement in measurements:
        _LOGGER.info(
            "%s: %s%s",
            measurement.config,
            measurement.failure or f"{1000 * measurement.seconds:.1f} ms a step",
            ", taken" if measurement is best else "",
        )
    return best.config, measurements


@contextlib.contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Sets the precision of networks that are built inside; their variables stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        # The process goes on to other nodes of the pipeline.
        keras.config.set_dtype_policy(before)


def with_loss_scale(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> Any:
    """Returns the optimiser; for float16, wrapped so that small gradients are not rounded to 0.

    Paulius Micikevicius et al., "Mixed Precision Training" (2018),
    https://arxiv.org/abs/1710.03740, section 3.2.
    """
    if model.dtype_policy.name != _POLICIES[FLOAT16]:
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def _measure(
    config: StepConfig, stepper: Stepper, clock: Callable[[], float], expected: Sequence[float]
) -> Measurement:
    losses: list[float] = []
    times = [clock()]
    try:
        for loss in stepper(config):
            losses.append(loss)
            times.append(clock())
    # Drivers and compilers raise errors of all types, and none of them must end a training.
    except Exception as error:
        _LOGGER.warning("%s cannot be used", config, exc_info=True)
        return Measurement(
            config, math.nan, tuple(losses), f"{type(error).__name__}: {error}"[:300]
        )
    steps = [end - begin for begin, end in itertools.pairwise(times)][WARM_UP:]
    failure = _loss_failure(losses, expected)
    return Measurement(config, statistics.median(steps), tuple(losses), failure)


def _loss_failure(losses: Sequence[float], expected: Sequence[float]) -> str:
    """Returns the first loss that is not finite or not near the expected one, in words, or ""."""
    for step, loss in enumerate(losses):
        if not math.isfinite(loss):
            return f"The loss is {loss} after step {step + 1}"
        if expected and abs(loss - expected[step]) > _LOSS_TOLERANCE * abs(expected[step]):
            return f"The loss is {loss:.4f} and not {expected[step]:.4f} after step {step + 1}"
    return ""


def _record(measurement: Measurement) -> MeasurementRecord:
    return MeasurementRecord(
        precision=measurement.config.precision,
        xla=measurement.config.xla,
        ms_per_step=None if measurement.failure else 1000 * measurement.seconds,
        # JSON has no NaN.
        losses=[loss if math.isfinite(loss) else None for loss in measurement.losses],
        failure=measurement.failure,
    )


def _cpu_flags() -> set[str]:
    """Returns the processor's instruction sets by Linux; none on other systems."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
