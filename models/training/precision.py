"""Selection of the step config, precision and XLA, by comparing and timing one real batch.

Half the bits are not always faster: on processors without instructions for them they are many
times slower, and XLA's compiler makes the step seven times slower on a CPU. So ``auto`` tries the
configs that the device is made for (``candidates``), in a process of their own that is ended when
a trial takes too long (``models.training.precision_trial``). Where there is one config, nothing is
tried. docs/decisions/0027-precision-trials.md says why this is so.
"""

import dataclasses
import json
import logging
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.settings import AUTO, BFLOAT16, FLOAT16, FLOAT32, ON, TrainSettings
from models.training import precision_trial
from models.training.precision_trial import Batch, Job, Result
from models.training.step_config import StepConfig
from schemas import artifacts
from schemas.documents.training import MeasurementRecord, Precision, StepConfigRecord
from system import progress
from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

ALL_SECONDS = 55.0
"""Limit for all trials of a training together: it begins within a minute."""
TRIAL_SECONDS = 25.0
"""Limit for one trial; the first may take ``_START_SECONDS`` more."""
_START_SECONDS = 20.0
"""For TensorFlow's import and the device's first use: 16 s on a machine with an H100, cold."""

_LOSS_TOLERANCE = 0.05
"""Share by which a loss may differ from float32's."""
_LEAST_COSINE = 0.9
"""Of the angle between a gradient and that of float32. Noise of rounding alone, with 8 bits in
bfloat16, leaves 0.97; docs/decisions/0027-precision-trials.md has the figures."""
_GRADIENT_TOLERANCE = 0.2
"""Share by which a gradient's length may differ."""

_KILLED_BY_ITSELF = 10.0
"""Seconds after the limit in which the process ends itself, should this one have been killed."""
_STDERR = "stderr"

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


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Measurement of one step config.

    Attributes:
      config: the step config.
      seconds: median time of a batch, forward and backward; NaN if there is none.
      loss: of the batch; NaN if there is none.
      gradient_cosine: of the angle between its gradient and the first config's; NaN if there is
        none.
      failure: reason why the config cannot be used; empty if it can.
    """

    config: StepConfig
    seconds: float
    loss: float
    gradient_cosine: float
    failure: str = ""


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
        trials=[_record(measurement) for measurement in measurements],
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
        _LOGGER.info("%s: %s%s", each.config, _outcome(each), taken)
    return best, measurements


def job_for(
    model: dict[str, object], train: TrainSettings, moods: Sequence[str], counts: Sequence[int]
) -> Job:
    """Returns what a trial's process is told, but for the configs.

    Args:
      model: settings of the network.
      train: settings of the training.
      moods: names in index order.
      counts: training examples of each mood, for the loss.
    """
    return Job(
        model=model,
        train=train.model_dump(mode="json"),
        moods=list(moods),
        counts=list(counts),
        configs=[],
        seconds=ALL_SECONDS,
    )


def try_in_process(
    job: Job,
    batch: Batch,
    configs: Sequence[StepConfig],
    *,
    command: Sequence[str] = (sys.executable, "-m", precision_trial.__name__),
    trial_seconds: float = TRIAL_SECONDS,
    start_seconds: float = _START_SECONDS,
    all_seconds: float = ALL_SECONDS,
) -> list[Measurement]:
    """Tries configs in a process of their own, and tells of each.

    A trial that takes too long is given up, and so are those after it: what hangs on a device may
    hold the device, and what is left of the time is too short to start again.

    Args:
      job: of ``job_for``.
      batch: pixels, labels and weights of one batch.
      configs: see ``Trials``.
      command: starts the process; the folder of the job is added.
      trial_seconds: limit for each trial.
      start_seconds: what the first may take more.
      all_seconds: limit for all.
    """
    ends_at = time.monotonic() + all_seconds
    with tempfile.TemporaryDirectory(prefix="pet-mood-precision-") as name:
        folder = Path(name)
        named = {str(number): each for number, each in enumerate(batch)}
        np.savez(folder / precision_trial.BATCH, **named)
        document = job | {
            "configs": [tuple(each) for each in configs],
            "seconds": all_seconds + _KILLED_BY_ITSELF,
        }
        (folder / precision_trial.JOB).write_text(json.dumps(document), "utf-8")
        with (folder / _STDERR).open("w") as stderr:
            process = subprocess.Popen(
                [*command, name],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            return list(_awaited(process, configs, ends_at, trial_seconds, start_seconds, folder))
        finally:
            process.kill()
            # A process that hangs in a driver may take its time; nobody waits for it.
            threading.Thread(target=process.wait, daemon=True).start()


def _awaited(
    process: "subprocess.Popen[str]",
    configs: Sequence[StepConfig],
    ends_at: float,
    trial_seconds: float,
    start_seconds: float,
    folder: Path,
) -> Iterator[Measurement]:
    """Yields a measurement for each config, each with its deadline."""
    results = _results_of(process)
    first_loss, cause = math.nan, ""
    for number, config in enumerate(configs):
        if cause:
            yield _failed(config, f"not tried, because the one before {cause}")
            continue
        limit = trial_seconds + (0 if number else start_seconds)
        limit = max(0.0, min(limit, ends_at - time.monotonic()))
        _tell(number, len(configs), f"trying {config}, for {limit:.0f} s at most")
        try:
            result = results.get(timeout=limit)
        except queue.Empty:
            cause = f"was given up after {limit:.0f} s"
            measurement = _failed(config, cause)
        else:
            if result is None:
                tail = (folder / _STDERR).read_text("utf-8", "replace").strip()[-300:]
                cause = f"ended its process: {tail}"
                measurement = _failed(config, cause)
            else:
                first_loss = first_loss if number else _number(result["loss"])
                measurement = _judged(config, result, first_loss)
        _tell(number, len(configs), f"{config}: {_outcome(measurement)}", done=1)
        yield measurement


def _results_of(process: "subprocess.Popen[str]") -> "queue.Queue[Result | None]":
    """Returns a queue that gets the results that a process prints, then None."""
    results: queue.Queue[Result | None] = queue.Queue()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(precision_trial.MARK):
                results.put(json.loads(line.removeprefix(precision_trial.MARK)))
        results.put(None)

    threading.Thread(target=read, daemon=True).start()
    return results


def _judged(config: StepConfig, result: Result, first_loss: float) -> Measurement:
    return Measurement(
        config,
        seconds=_number(result["seconds"]),
        loss=_number(result["loss"]),
        gradient_cosine=_number(result["gradient_cosine"]),
        failure=result["failure"] or failure_of(result, first_loss),
    )


def failure_of(result: Result, first_loss: float) -> str:
    """Returns why a result cannot be that of sound arithmetic, in words, or "".

    Args:
      result: of a trial that ended.
      first_loss: loss of the first config.
    """
    loss, cosine = _number(result["loss"]), _number(result["gradient_cosine"])
    length = _number(result["gradient_length"])
    if not all(map(math.isfinite, (loss, cosine, length))):
        return f"the loss is {loss}, and the gradient {length} times as long as that of float32"
    if abs(loss - first_loss) > _LOSS_TOLERANCE * abs(first_loss):
        return f"the loss is {loss:.4f} and not {first_loss:.4f}"
    if cosine < _LEAST_COSINE:
        return f"the gradient's direction has a cosine of {cosine:.3f} with that of float32"
    if abs(length - 1) > _GRADIENT_TOLERANCE:
        return f"the gradient is {length:.3f} times as long as that of float32"
    return ""


def _failed(config: StepConfig, failure: str) -> Measurement:
    return Measurement(config, math.nan, math.nan, math.nan, failure)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _outcome(measurement: Measurement) -> str:
    return measurement.failure or f"{1000 * measurement.seconds:.1f} ms a batch"


def _tell(number: int, total: int, text: str, done: int = 0) -> None:
    _LOGGER.info("precision %d of %d: %s", number + 1, total, text)
    progress.report("precision", done, total, "trials", text)


def _record(measurement: Measurement) -> MeasurementRecord:
    def or_none(value: float) -> float | None:
        return value if math.isfinite(value) else None  # JSON has no NaN.

    return MeasurementRecord(
        precision=measurement.config.precision,
        xla=measurement.config.xla,
        ms_per_step=or_none(1000 * measurement.seconds),
        loss=or_none(measurement.loss),
        gradient_cosine=or_none(measurement.gradient_cosine),
        failure=measurement.failure,
    )


def _environment() -> dict[str, str]:
    """Returns the environment of the trials' process, which trains with no other machine."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return environment | {"PYTHONPATH": root, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


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
