"""In which precision to train, and whether with XLA: measured on a few real steps.

Half the bits are not always faster: on processors without instructions for them they are many
times slower, and so were depthwise convolutions on GPUs; XLA's compiler makes the step seven
times slower on a CPU. So ``auto`` tries what the device has instructions for and looks.
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
from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

WARM_UP = 2
"""Steps that are not timed: the first is traced and compiled, the second finds caches cold."""
TIMED = 6
STEPS = WARM_UP + TIMED
_LARGEST_DIFFERENCE = 0.05
"""Share by which a loss may differ from float32's. bfloat16 keeps 8 bits, 0.4 % a rounding; the
losses of the first steps differ by some 1 % then, and by 100 % where a method has failed."""

_POLICIES = {FLOAT32: "float32", BFLOAT16: "mixed_bfloat16", FLOAT16: "mixed_float16"}
_BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}


class StepConfig(NamedTuple):
    """How the steps are computed.

    Attributes:
      precision: a key of the settings that is not "auto".
      xla: whether XLA compiles them.
    """

    precision: str
    xla: bool


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What was seen of a way.

    Attributes:
      config: which.
      seconds: the median time of a step; NaN if it failed.
      losses: after each step.
      failure: why it cannot be taken; empty if it can.
    """

    config: StepConfig
    seconds: float
    losses: tuple[float, ...]
    failure: str = ""


Stepper = Callable[[StepConfig], Iterable[float]]
"""Takes a step of a new network each time a loss is asked for; the batches are always the same."""


def candidates(settings: TrainSettings) -> list[StepConfig]:
    """Returns the ways that the settings allow and this machine may be fast with."""
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
    """Returns the settings with plain float32 in place of what would be measured."""
    return settings.replace(
        precision=FLOAT32 if settings.precision == AUTO else settings.precision,
        xla=OFF if settings.xla == AUTO else settings.xla,
    )


def select_precision(
    settings: TrainSettings, stepper: Stepper, backup_dir: str, run_dir: str
) -> StepConfig:
    """Returns the way of a training; one that goes on keeps to what it began with.

    Args:
      settings: which ways may be taken.
      stepper: see above.
      backup_dir: the training's folder that outlives a kill; gets the choice, as ``run_dir`` does.
      run_dir: gets ``artifacts.PRECISION_JSON``.
    """
    known = os.path.join(backup_dir, artifacts.PRECISION_JSON)
    told = os.path.join(run_dir, artifacts.PRECISION_JSON)
    tf.io.gfile.makedirs(run_dir)
    if tf.io.gfile.exists(known):
        tf.io.gfile.copy(known, told, overwrite=True)
        with tf.io.gfile.GFile(known) as file:
            return StepConfig(**json.loads(file.read())["taken"])
    config, measurements = fastest(candidates(settings), stepper)
    _LOGGER.info("Training with %s", config)
    document = {
        "taken": config._asdict(),
        "trials": [_as_json(measurement) for measurement in measurements],
    }
    tf.io.gfile.makedirs(backup_dir)
    for path in (told, known):
        write_whole(path, json.dumps(document, indent=1))
    return config


def fastest(
    configs: Sequence[StepConfig], stepper: Stepper, clock: Callable[[], float] = time.perf_counter
) -> tuple[StepConfig, list[Measurement]]:
    """Returns the fastest way that keeps the loss, and what was seen of each.

    A way that raises is passed over, for what a driver or compiler may raise has no end. If
    the first one does, there is nothing to hold the others to, and it is taken: its error
    will then be seen in the training itself.

    Args:
      configs: at least one; the first is what the others' losses are held to.
      stepper: see above.
      clock: seconds.
    """
    if len(configs) == 1:
        return configs[0], []
    measurements = [_measure(configs[0], stepper, clock, ())]
    if not measurements[0].failure:
        measurements += [
            _measure(config, stepper, clock, measurements[0].losses) for config in configs[1:]
        ]
    usable = [measurement for measurement in measurements if not measurement.failure]
    fastest = min(usable, key=lambda measurement: measurement.seconds, default=measurements[0])
    for measurement in measurements:
        _LOGGER.info(
            "%s: %s%s",
            measurement.config,
            measurement.failure or f"{1000 * measurement.seconds:.1f} ms a step",
            ", taken" if measurement is fastest else "",
        )
    return fastest.config, measurements


@contextlib.contextmanager
def policy(precision: str) -> Iterator[None]:
    """Networks that are built inside compute in a precision; their variables stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        # The process goes on to other nodes of the pipeline.
        keras.config.set_dtype_policy(before)


def with_loss_scale(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> Any:
    """Returns the optimiser, wrapped where small gradients would be lost, that is in float16.

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
    # Drivers and compilers raise what they like; none of it must end a training.
    except Exception as error:
        _LOGGER.warning("%s cannot be used", config, exc_info=True)
        return Measurement(
            config, math.nan, tuple(losses), f"{type(error).__name__}: {error}"[:300]
        )
    steps = [end - begin for begin, end in itertools.pairwise(times)][WARM_UP:]
    return Measurement(config, statistics.median(steps), tuple(losses), _fault(losses, expected))


def _fault(losses: Sequence[float], expected: Sequence[float]) -> str:
    for step, loss in enumerate(losses):
        if not math.isfinite(loss):
            return f"The loss is {loss} after step {step + 1}"
        if expected and abs(loss - expected[step]) > _LARGEST_DIFFERENCE * abs(expected[step]):
            return f"The loss is {loss:.4f} and not {expected[step]:.4f} after step {step + 1}"
    return ""


def _as_json(measurement: Measurement) -> dict[str, Any]:
    return {
        **measurement.config._asdict(),
        "ms_per_step": None if measurement.failure else 1000 * measurement.seconds,
        # JSON has no NaN.
        "losses": [loss if math.isfinite(loss) else None for loss in measurement.losses],
        "failure": measurement.failure,
    }


def _cpu_flags() -> set[str]:
    """Returns the instruction sets that Linux tells of; none elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
