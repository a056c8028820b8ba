"""Devices that train together: one, the GPUs of this machine, or several machines.

``train.batch_size`` counts the examples on all devices. Each replica takes its part of every
batch, and the gradients are summed before the step. So the training equals that on one device,
except for batch norm, whose mean and variance are those of a replica's part.
docs/decisions/0015-precision-and-devices.md says what several machines need.
"""

import json
import logging
import math
import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from models.settings.training import TrainSettings
from models.settings.training_choices import AUTO, MIRRORED, MULTI_WORKER, ONE
from schemas.errors import ConfigError
from system import gpus as gpus_of_machine

_LOGGER = logging.getLogger(__name__)


def let_gpu_memory_grow() -> None:
    """Makes TensorFlow take a GPU's memory as needed and not all of it at once."""
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:  # An earlier node has used the GPU in this process.
            _LOGGER.warning("The GPU's memory does not grow on demand: %s", error)


def check_gpus(number: int) -> None:
    """Raises ConfigError unless TensorFlow sees as many GPUs; nothing is initialised."""
    seen = len(tf.config.list_physical_devices("GPU"))
    if seen < number:
        problem = gpus_of_machine.why_unseen(bool(tf.sysconfig.get_build_info()["is_cuda_build"]))
        raise ConfigError(
            f"The training was given {number} GPUs (cluster.gpu_type, cluster.gpus) and must see "
            f"them. Received: {seen} that TensorFlow sees. {problem or 'No GPU is here'}. Is "
            "--gpu-image built with --target gpu, and has the machine a driver?"
        )


def strategy_for(settings: TrainSettings) -> tf.distribute.Strategy:
    """Returns the strategy of the training; to be called before TensorFlow computes anything.

    Args:
      settings: ``strategy`` and ``batch_size`` are used.

    Raises:
      ConfigError: if the machine lacks the devices that the settings name, or if the batch cannot
        be divided evenly.
    """
    kind = settings.strategy
    if kind == AUTO and _num_workers() > 1:
        kind = MULTI_WORKER
    strategy = _multi_worker_strategy() if kind == MULTI_WORKER else _local_strategy(kind)
    check_batch(settings, strategy.num_replicas_in_sync)
    return strategy


def check_batch(settings: TrainSettings, replicas: int) -> None:
    """Raises ConfigError unless the batch can be divided evenly among the devices."""
    if settings.batch_size % replicas and not settings.device_batch_size:
        lower = settings.batch_size // replicas * replicas
        raise ConfigError(
            f"train.batch_size counts the examples on all {replicas} devices and must be a "
            f"multiple of their number. Received: {settings.batch_size}. Take "
            f"{lower or replicas} or {lower + replicas}, or train.device_batch_size, or "
            "train.strategy=one"
        )


def with_device_batches(settings: TrainSettings, replicas: int) -> TrainSettings:
    """Returns the settings with the batch of all devices, and the rate that belongs to it.

    ``device_batch_size`` gives each device so many examples. For Adam the rate grows by the square
    root of the batch: Sadhika Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient
    Algorithms" (2022), https://arxiv.org/abs/2205.10287. Both are logged.

    Args:
      settings: of the training.
      replicas: devices that train together.
    """
    if not settings.device_batch_size:
        if replicas > 1:
            _LOGGER.info(
                "%d devices with %d examples each, train.batch_size in all; the rate stays "
                "%g. train.device_batch_size gives each device more, and scales the rate",
                replicas,
                settings.batch_size // replicas,
                settings.learning_rate,
            )
        return settings
    batch_size = settings.device_batch_size * replicas
    factor = math.sqrt(batch_size / settings.batch_size)
    rate = min(1.0, settings.learning_rate * factor)
    _LOGGER.info(
        "%d devices with %d examples each, %d in all. train.learning_rate=%g is for %d: by the "
        "square root of the ratio the rate is %g",
        replicas,
        settings.device_batch_size,
        batch_size,
        settings.learning_rate,
        settings.batch_size,
        rate,
    )
    return settings.replace(batch_size=batch_size, learning_rate=rate, device_batch_size=0)


def names_of(strategy: tf.distribute.Strategy) -> str:
    """Returns the names of what computes, such as ``"2 x NVIDIA H100 80GB HBM3"`` or ``"CPU"``."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        name = "CPU"
    else:
        details = tf.config.experimental.get_device_details(gpus[0])
        name = details.get("device_name", "GPU")
    replicas = strategy.num_replicas_in_sync
    return f"{replicas} x {name}" if replicas > 1 else name


def check_before_run(settings: TrainSettings) -> str:
    """Checks the devices of this machine, cheaply, before anything is read.

    Nothing is initialised, so that ``let_gpu_memory_grow`` can still be called.

    Returns:
      Names of the devices that TensorFlow will train on, and a warning if there is a GPU here that
      it does not see.

    Raises:
      ConfigError: if the settings need other devices, or the batch cannot be divided among them.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if _num_workers() < 2 and settings.strategy in (AUTO, MIRRORED):
        number = len(gpus) or _logical_cpus()
        if settings.strategy == MIRRORED:
            _check_several(number)
        if number > 1:
            check_batch(settings, number)
    if not gpus:
        problem = gpus_of_machine.why_unseen(bool(tf.sysconfig.get_build_info()["is_cuda_build"]))
        return f"CPU. {problem}" if problem else "CPU"
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return ", ".join(name or "GPU" for name in names)


def spans_machines(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether other processes take part in the training."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process is the one that writes files."""
    if not spans_machines(strategy):
        return True
    resolver = strategy.cluster_resolver
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" or (not has_chief and resolver.task_id == 0)


def broadcast_from_chief(strategy: tf.distribute.Strategy, number: float) -> float:
    """Returns the chief's number on every machine, once all machines have called this."""
    if not spans_machines(strategy):
        return number
    own_term = (number, 1.0) if is_chief(strategy) else (0.0, 0.0)

    @tf.function
    def sum_over_replicas() -> tf.Tensor:
        terms = strategy.run(lambda: tf.constant(own_term, tf.float64))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, terms, axis=None)

    # Each of the chief's devices adds the number once.
    total, replicas = sum_over_replicas().numpy()
    return float(total / replicas)


def barrier(strategy: tf.distribute.Strategy) -> None:
    """Waits until every machine has called this."""
    broadcast_from_chief(strategy, 0.0)


def patch_for_multi_worker(model: keras.Model) -> keras.Model:
    """Patches a network that was built under a strategy, so that ``fit`` runs on several machines.

    Keras 3.12's ``fit`` fails there in two places. It averages the first batch over machines to
    build a network that is built already, and it averages the figures of a step along an axis
    that they do not have. This function can be removed when
    ``tests/unit/models/training/test_devices.py`` passes without it.

    Returns:
      The same network.
    """
    if spans_machines(model.distribute_strategy):
        model._maybe_symbolic_build = lambda **_: None
        model.train_step = _with_batch_axis(model.train_step)
        model.test_step = _with_batch_axis(model.test_step)
    return model


def with_data_autosharding(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the same batches, of which each device takes its part, in any number of processes.

    TensorFlow's default gives each machine some of the files, which would be another order.
    """
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.with_options(options)


def _with_batch_axis(step: Callable[[Any], dict[str, tf.Tensor]]) -> Callable[[Any], Any]:
    return lambda data: {name: tf.reshape(value, [1]) for name, value in step(data).items()}


def _num_workers() -> int:
    cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
    return sum(len(cluster.get(job, ())) for job in ("chief", "worker"))


def _multi_worker_strategy() -> tf.distribute.Strategy:
    if _num_workers() < 2:
        raise ConfigError(
            "train.strategy=multi_worker needs the environment variable TF_CONFIG with a cluster "
            f"of two workers or more. Received: {os.environ.get('TF_CONFIG')!r}. "
            "Set train.strategy=auto to use the devices of this machine"
        )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise ConfigError(
            "Several machines must find each other before TensorFlow computes anything, so on "
            "each machine the Trainer must be the first node of its process. "
            f"Received: {error}. Unset TF_CONFIG to train on this machine alone"
        ) from error


def _local_strategy(kind: str) -> tf.distribute.Strategy:
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if kind == ONE or (kind == AUTO and len(devices) < 2):
        return tf.distribute.get_strategy()
    _check_several(len(devices))
    # The default, NCCL, is for GPUs alone.
    ops = None if devices[0].device_type == "GPU" else tf.distribute.HierarchicalCopyAllReduce()
    return tf.distribute.MirroredStrategy([each.name for each in devices], ops)


def _logical_cpus() -> int:
    """Returns the number of devices that the CPU is divided into; 1 unless a test divides it."""
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    return len(tf.config.get_logical_device_configuration(cpu) or [cpu])


def _check_several(number: int) -> None:
    if number < 2:
        raise ConfigError(
            f"train.strategy={MIRRORED} needs two GPUs or more. Received: "
            f"{number} device. Set train.strategy=auto or one"
        )
