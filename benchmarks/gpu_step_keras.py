"""One Keras side of ``benchmarks.gpu_step``: a network, a precision and a batch size."""

import json
import sys
import time

import keras
import numpy as np
import tensorflow as tf

from benchmarks import step_keras
from benchmarks.step_protocol import NUM_CLASSES, RESOLUTION
from models.network import classifier
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import compiling, devices, fine_tuning, losses
from models.training.step_config import dtype_policy

_WARM_UP = 5
_SECONDS = 5.0
_STEPS = 10
"""Steps between two looks at the clock, as many as go together in the training."""


def _ours(batch: int, xla: bool) -> keras.Model:
    model = classifier.build(ModelSettings(weights="none", resolution=RESOLUTION), NUM_CLASSES)
    settings = TrainSettings(batch_size=batch)
    (phase,) = fine_tuning.phases(settings)
    loss = losses.loss_for(settings, [1] * NUM_CLASSES)
    compiling.compile_for(model, settings, loss, phase, 1000, xla, steps_per_execution=_STEPS)
    return model


def measure(network: str, precision: str, xla: bool, batch: int) -> dict[str, object]:
    """Returns the seconds to the first step, images a second, and GiB of GPU memory.

    Args:
      network: "ours" or "stock".
      precision: value of ``train.precision``.
      xla: whether XLA compiles the step.
      batch: examples a step.
    """
    began = time.perf_counter()
    devices.let_gpu_memory_grow()
    keras.utils.set_random_seed(1)
    with dtype_policy(precision):
        model = _ours(batch, xla) if network == "ours" else step_keras.stock()
    together = model.steps_per_execution
    pixels = np.random.default_rng(1).integers(0, 256, (batch, RESOLUTION, RESOLUTION, 3), np.uint8)
    labels = np.eye(NUM_CLASSES, dtype=np.float32)[np.arange(batch) % NUM_CLASSES]
    ready = (tf.constant(pixels), tf.constant(labels), tf.ones([batch]))
    batches = iter(tf.data.Dataset.from_tensors(ready).repeat().prefetch(2))
    model.make_train_function()

    loss = float(np.asarray(model.train_function(batches)["loss"]))
    first = time.perf_counter() - began
    for _ in range(_WARM_UP):
        figures = model.train_function(batches)
    np.asarray(figures["loss"])  # Waits for the steps.

    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < _SECONDS:
        for _ in range(max(1, _STEPS // together)):
            figures = model.train_function(batches)
            steps += together
        np.asarray(figures["loss"])
    seconds = time.perf_counter() - begin
    gpus = tf.config.list_physical_devices("GPU")
    memory = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30 if gpus else None
    return {
        "device": devices.names_of(model.distribute_strategy),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "first_loss": loss,
        "first_step_seconds": round(first, 1),
        "images_per_second": round(steps * batch / seconds, 1),
        "peak_gib": memory and round(memory, 2),
    }


def main() -> None:
    """Prints the figures as a line of JSON; takes a side, a precision, 0 or 1, and a batch."""
    side, precision, compiled, batch = sys.argv[1:]
    print(json.dumps(measure(side, precision, compiled == "1", int(batch))))


if __name__ == "__main__":
    main()
