"""Selection of the step config, precision and XLA, by comparing and timing one real batch.

Half the bits are not always faster: on processors without instructions for them they are many
times slower, and XLA's compiler makes the step seven times slower on a CPU. So ``auto`` tries the
configs that the device is made for (``candidates``), in a process of their own that is ended when
a trial takes too long (``models.training.precision_process``). Where there is one config, nothing
is tried. docs/decisions/0027-precision-trials.md says why this is so.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import tensorflow as tf

from models.settings.training import TrainSettings
from models.settings.training_choices import AUTO, BFLOAT16, FLOAT16, FLOAT32, ON
from models.training.precision_measurement import Measurement, outcome, record_of
from models.training.step_config import StepConfig
from schemas import artifacts
from schemas.documents.training import Precision, StepConfigRecord
from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

_BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}
_BFLOAT16_CAPABILITY = (8, 0)
_FLOAT16_CAPABILITY = (7, 0)
"""NVIDIA's first compute capabilities with tensor cores for these types."""

ALL_CONFIGS = tuple(
    StepConfig(precision, xla)
    for xla in (False, True)
    for precision in (FLOAT32, BFLOAT16, FLOAT16)
)
"""In an order that all machines agree on."""


Trials = Callable[[Sequence[StepConfig]], list[Measurement]]
"""Measures configs in turn, the first of which the others are compared with."""


def candidates(settings: TrainSettings) -> list[StepConfig]:
    """Returns the configs that the settings allow and that may be fast on this machine.

    On a GPU, half precision is the one that its tensor cores are made for: bfloat16 where there is
    one for it, which needs no loss scaling, else float16.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if settings.precision != AUTO:
        precisions: list[str] = [settings.precision]
    elif gpus:
        precisions = [FLOAT32, *_fast_half_precisions(gpus[0])]
    else:
        precisions = [FLOAT32, *([BFLOAT16] if _cpu_flags() & _BFLOAT16_INSTRUCTIONS else [])]
    compilers = [False, True] if gpus else [False]
    if settings.xla != AUTO:
        compilers = [settings.xla == ON]
    # XLA comes last: it takes the longest to compile, and is the likeliest to be given up. The
    # fastest precision without it is the likeliest to be the fastest with it.
    return [
        StepConfig(precision, xla)
        for xla in compilers
        for precision in (reversed(precisions) if xla else precisions)
    ]


def select_precision(
    settings: TrainSettings,
    trials: Trials,
    backup_dir: str,
    run_dir: str,
    *,
    is_chief: bool = True,
    agree: Callable[[float], float] = lambda number: number,
) -> StepConfig:
    """Returns the step config of a training; a training that goes on keeps its config.

    Of several machines the chief tries and chooses, and all take its choice.

    Args:
      settings: ``precision`` and ``xla`` are used.
      trials: see ``Trials``.
      backup_dir: the training's folder that outlives a kill; gets ``artifacts.PRECISION_JSON``.
      run_dir: gets the same file.
      is_chief: whether this machine chooses.
      agree: returns the chief's number on every machine, once all have called it.
    """
    chosen = _chosen(settings, trials, backup_dir, run_dir) if is_chief else ALL_CONFIGS[0]
    return ALL_CONFIGS[int(agree(float(ALL_CONFIGS.index(chosen))))]


def _chosen(settings: TrainSettings, trials: Trials, backup_dir: str, run_dir: str) -> StepConfig:
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
    config, measurements = fastest(candidates(settings), trials)
    _LOGGER.info("Training with %s", config)
    document = Precision(
        taken=StepConfigRecord(precision=config.precision, xla=config.xla),
        trials=[record_of(measurement) for measurement in measurements],
    )
    tf.io.gfile.makedirs(backup_dir)
    for path in (run_path, backup_path):
        write_whole(path, json.dumps(document, indent=1))
    return config


def fastest(configs: Sequence[StepConfig], trials: Trials) -> tuple[StepConfig, list[Measurement]]:
    """Returns the fastest config that computes what the first does, and all measurements.

    If the first config fails, there is nothing to compare the others with, and it is used: the
    training itself will then show its error.

    Args:
      configs: at least one. With one, nothing is tried.
      trials: see ``Trials``.
    """
    if len(configs) == 1:
        return configs[0], []
    measurements = trials(configs)
    usable = [each for each in measurements if not each.failure]
    if not measurements or measurements[0].failure:
        usable = []
    best = min(usable, key=lambda each: each.seconds).config if usable else configs[0]
    for each in measurements:
        taken = ", taken" if each.config == best else ""
        _LOGGER.info("%s: %s%s", each.config, outcome(each), taken)
    return best, measurements


def _fast_half_precisions(gpu: tf.config.PhysicalDevice) -> Iterator[str]:
    """Yields the half precision that a GPU has tensor cores for; both if that is not known."""
    details = tf.config.experimental.get_device_details(gpu)
    capability = details.get("compute_capability")
    if capability is None:
        yield from (BFLOAT16, FLOAT16)
    elif tuple(capability) >= _BFLOAT16_CAPABILITY:
        yield BFLOAT16
    elif tuple(capability) >= _FLOAT16_CAPABILITY:
        yield FLOAT16


def _cpu_flags() -> set[str]:
    """Returns the processor's instruction sets by Linux; none on other systems."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
