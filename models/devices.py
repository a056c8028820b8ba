"""Which devices train together: one, the GPUs of this machine, or several machines.

``train.batch_size`` is that of all together. Each replica takes its part of every batch, and the
gradients are added up before the step, so the training is that of one device but for batch
norm, whose mean and variance are those of a replica's part.
"""

import logging

import tensorflow as tf

from models.hparams import AUTO, MIRRORED, ONE, TrainSettings
from schemas.errors import ConfigError

_LOGGER = logging.getLogger(__name__)


def let_gpu_memory_grow() -> None:
    """Has TensorFlow take a GPU's memory as needed rather than all of it."""
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:  # A node before this one has used the GPU already.
            _LOGGER.warning("The GPU's memory is not grown on demand: %s", error)


def strategy_for(settings: TrainSettings) -> tf.distribute.Strategy:
    """Returns what the training is to run under.

    Args:
      settings: ``strategy`` and ``batch_size`` are looked at.

    Raises:
      ConfigError: if there is not what was asked for, or the batch cannot be parted evenly.
    """
    kind = settings.strategy
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if kind == AUTO:
        kind = MIRRORED if len(devices) > 1 else ONE
    if kind == ONE:
        return tf.distribute.get_strategy()
    if len(devices) < 2:
        raise ConfigError(
            "train.strategy=mirrored needs two GPUs or more. Received: "
            f"{len(devices)} device. Set train.strategy=auto or one"
        )
    # NCCL is for GPUs alone.
    ops = None if devices[0].device_type == "GPU" else tf.distribute.HierarchicalCopyAllReduce()
    strategy = tf.distribute.MirroredStrategy([each.name for each in devices], ops)
    replicas = strategy.num_replicas_in_sync
    if settings.batch_size % replicas:
        raise ConfigError(
            f"train.batch_size is that of all {replicas} devices together and must be a multiple "
            f"of their number. Received: {settings.batch_size}"
        )
    _LOGGER.info(
        "Training on %d devices, %d examples each", replicas, settings.batch_size // replicas
    )
    return strategy
