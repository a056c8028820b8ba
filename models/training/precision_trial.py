"""Trials of step configs on one batch, in a process of their own.

    python -m models.training.precision_trial FOLDER

A kernel that does not end cannot be stopped from within its process, so that
``models.training.precision_process`` starts this one, and ends it when a trial takes too long. The
folder has a ``job.json`` and a ``batch.npz``. Each result is a line on the standard output.

What is compared has no chance in it: the loss of one batch and its gradient, without drop-connect.
The losses of real steps differ by some 10 % from one drop-connect mask to another, far more than
by rounding.
"""

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.network import classifier
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.settings.training_choices import FLOAT16
from models.training import devices, fine_tuning, losses, warm_start
from models.training.step_config import StepConfig, dtype_policy

JOB, BATCH = "job.json", "batch.npz"
MARK = "precision trial: "
"""Begins a line with a result; libraries may print others."""

_WARM_UP = 2
"""Calls that are not timed: the first is traced and compiled, the second finds caches cold."""
_TIMED = 5
_LOSS_SCALES = (2.0**15, 2.0**11, 2.0**7, 1.0)
"""Scales of a loss in float16: Keras' first one, and some to which it would fall in training."""


class Job(TypedDict):
    """``JOB``."""

    model: dict[str, Any]
    train: dict[str, Any]
    moods: list[str]
    counts: list[int]
    configs: list[tuple[str, bool]]
    seconds: float


class Result(TypedDict):
    """A line of the output; the figures are None where the trial failed."""

    config: int
    loss: float | None
    gradient_cosine: float | None
    gradient_length: float | None
    seconds: float | None
    failure: str


class Probe(NamedTuple):
    """What a network answers to one batch.

    Attributes:
      loss: mean over the batch.
      gradient: of all trainable variables, one after the other, float32[n].
      seconds: time of one computation of both; the median of some.
    """

    loss: float
    gradient: npt.NDArray[np.float32]
    seconds: float


Batch = Sequence[npt.NDArray[Any]]
"""Pixels, labels and weights, as in ``training_batches``."""


def probe(
    model: keras.Model,
    batch: Batch,
    loss: keras.losses.Loss,
    config: StepConfig,
    clock: Callable[[], float] = time.perf_counter,
) -> Probe:
    """Returns the loss of a batch and its gradient without drop-connect, and their time.

    Batch norm uses the batch's statistics, as in training.

    Args:
      model: built in the config's precision; its moving statistics move.
      batch: pixels, labels and weights.
      loss: see ``losses.loss_for``.
      config: the step config.
      clock: returns seconds.
    """
    scales = _LOSS_SCALES if config.precision == FLOAT16 else (1.0,)
    variables = [variable.value for variable in model.trainable_variables]

    @tf.function(jit_compile=config.xla, autograph=False)
    def compute(
        scale: tf.Tensor, pixels: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            value = loss(labels, model(pixels, training=True), sample_weight=weights)
            scaled = value * scale
        gradients = tape.gradient(scaled, variables)
        flat = [tf.reshape(tf.cast(each, tf.float32) / scale, [-1]) for each in gradients]
        return value, tf.concat(flat, axis=0)

    with without_dropout(model):
        tensors = [tf.constant(each) for each in batch]
        for scale in map(tf.constant, scales):
            value, gradient = compute(scale, *tensors)
            found = float(value), gradient.numpy()
            if np.isfinite(found[1]).all():
                break
        seconds = []
        for _ in range(_WARM_UP - 1 + _TIMED):
            began = clock()
            value, _ = compute(scale, *tensors)
            float(value)  # Waits for the device.
            seconds.append(clock() - began)
    return Probe(*found, seconds=float(np.median(seconds[_WARM_UP - 1 :])))


@contextlib.contextmanager
def without_dropout(model: keras.Model) -> Iterator[None]:
    """Switches off all dropout of a model, drop-connect included, in graphs traced inside."""
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in layers]
    for layer in layers:
        layer.rate = 0.0
    try:
        yield
    finally:
        for layer, rate in zip(layers, rates, strict=True):
            layer.rate = rate


def compared(expected: Probe | None, found: Probe, config: int) -> Result:
    """Returns a trial's result, compared with the first one's.

    Args:
      expected: of the first config; None for the first itself.
      found: of this config.
      config: number of the config.
    """
    reference = found if expected is None else expected
    own, other = (each.gradient.astype(np.float64) for each in (found, reference))
    lengths = np.linalg.norm(own), np.linalg.norm(other)
    product = lengths[0] * lengths[1]
    # 0 without a direction, and NaN, which JSON has as such in Python, for a broken one.
    cosine = float(np.sum(own * other) / product) if product else 0.0
    return Result(
        config=config,
        loss=found.loss,
        gradient_cosine=cosine,
        gradient_length=float(lengths[0] / lengths[1]) if lengths[1] else 0.0,
        seconds=found.seconds,
        failure="",
    )


def results(job: Job, batch: Batch) -> Iterator[Result]:
    """Tries the job's configs in turn; an error of any type is a result."""
    model_settings, train = ModelSettings(**job["model"]), TrainSettings(**job["train"])
    loss = losses.loss_for(train, job["counts"])
    expected: Probe | None = None
    for number, config in enumerate(StepConfig(*each) for each in job["configs"]):
        try:
            keras.utils.set_random_seed(train.seed)
            with dtype_policy(config.precision):
                model = classifier.build(model_settings, len(job["moods"]))
                warm_start.load_head(model, model_settings.weights, job["moods"])
            fine_tuning.freeze(model, fine_tuning.phases(train)[-1].part)
            found = probe(model, batch, loss, config)
            yield compared(expected, found, number)
            expected = expected or found
        # Drivers and compilers raise errors of all types, and none of them must end a training.
        except Exception as error:
            yield Result(
                config=number,
                loss=None,
                gradient_cosine=None,
                gradient_length=None,
                seconds=None,
                failure=f"{type(error).__name__}: {error}"[:300],
            )
        keras.utils.clear_session()


def main() -> None:
    """Tries the configs of a job and prints their results."""
    folder = Path(sys.argv[1])
    job: Job = json.loads((folder / JOB).read_text("utf-8"))
    # Should the process that started this one be killed, it cannot end this one.
    watchdog = threading.Timer(job["seconds"], os._exit, [1])
    watchdog.daemon = True
    watchdog.start()
    devices.let_gpu_memory_grow()
    with np.load(folder / BATCH) as arrays:
        batch = [arrays[name] for name in sorted(arrays)]
    for result in results(job, batch):
        sys.stdout.write(f"{MARK}{json.dumps(result)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
