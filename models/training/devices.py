"""Devices that train together: one, the GPUs of this machine, or several machines.

``train.batch_size`` counts the examples on all devices. Each replica takes its part of every
batch, and the gradients are summed before the step. So the training equals that on one device,
except for batch norm, whose mean and variance are those of a replica's part.
docs/decisions/0015-precision-and-devices.md says what several machines need.
"""

import json
import logging
import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from models.settings import AUTO, MIRRORED, MULTI_WORKER, ONE, TrainSettings
from schemas.errors import ConfigError

_LOGGER = logging.getLogger(__name__)


def let_gpu_memory_grow() -> None:
    """Makes TensorFlow take a GPU's memory as needed and not all of it at once."""
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:  # An earlier node has used the GPU in this process.
            _LOGGER.warning("The GPU's memory does not grow on demand: %s", error)


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
    replicas = strategy.num_replicas_in_sync
    if settings.batch_size % replicas:
        raise ConfigError(
            f"train.batch_size counts the examples on all {replicas} devices and must be a "
            f"multiple of their number. Received: {settings.batch_size}"
        )
    if replicas > 1:
        _LOGGER.info(
            "Training on %d devices, %d examples each", replicas, settings.batch_size // replicas
        )
    return strategy


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
    if len(devices) < 2:
        raise ConfigError(
            f"train.strategy={MIRRORED} needs two GPUs or more. Received: "
            f"{len(devices)} device. Set train.strategy=auto or one"
        )
    # The default, NCCL, is for GPUs alone.
    ops = None if devices[0].device_type == "GPU" else tf.distribute.HierarchicalCopyAllReduce()
    return tf.distribute.MirroredStrategy([each.name for each in devices], ops)
