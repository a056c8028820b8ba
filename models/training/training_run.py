"""One training: from settings and Examples to the best epoch's network."""

import dataclasses
import functools
import logging
from collections.abc import Sequence

import keras
import tensorflow as tf

from models.inputs import local_shards, records
from models.inputs.clip_sampler import ClipSampler
from models.network import classifier
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.trainer_config import TrainerConfig
from models.training import (
    backup,
    batches,
    devices,
    fitting,
    losses,
    precision,
    precision_process,
    warm_start,
)
from models.training.data import Data
from models.training.precision_measurement import Measurement
from models.training.step_config import StepConfig, dtype_policy

_LOGGER = logging.getLogger(__name__)


def train(
    config: TrainerConfig,
    data: Data,
    base_model: str | None,
    run_dir: str,
    backups: backup.Backups,
    precision_dir: str,
    strategy: tf.distribute.Strategy,
    *,
    task: str = "train",
) -> keras.Model:
    """Builds the network and trains it, for the Trainer or for one trial of the Tuner.

    Args:
      config: settings of the network, of the training and of the augmentation.
      data: Examples of both splits.
      base_model: servable of the model to go on from, if any.
      run_dir: gets the curves, the checkpoint and its label map.
      backups: the training goes on from the newest, and makes new ones.
      precision_dir: folder that keeps the step config that was measured to be the fastest.
      strategy: of ``devices.strategy_for``.
      task: name in the progress reports.

    Returns:
      The network of the best epoch.

    Raises:
      ConfigError: if the weights cannot be loaded.
      TrainingDivergedError: if the loss is NaN or infinite.
    """
    train_index = data.train_index
    if records.reads_at_random(config.train, data.train_files):
        train_index = local_shards.on_this_machine(train_index)
    sampler = ClipSampler.of_settings(
        train_index.clips, train_index.label_indices, len(config.moods), config.train
    )
    _LOGGER.info(
        "Training on %d of %d examples an epoch, validating on %d; %s",
        sampler.epoch_examples,
        sum(data.train_counts),
        sum(data.eval_counts),
        config,
    )

    # Settings that depend on the base model, the devices and the data.
    model_settings = warm_start.with_base_weights(config.model, base_model)
    train_settings = _train_settings(config.train, strategy)
    config = dataclasses.replace(config, train=train_settings)
    steps_per_epoch = batches.steps_per_epoch(train_settings, sampler.epoch_examples)

    # Parts of the training.
    loss = losses.loss_for(train_settings, sampler.label_counts)
    training = functools.partial(batches.to_learn_from, config, data.indexer, train_index, sampler)
    is_chief = devices.is_chief(strategy)
    agree = functools.partial(devices.broadcast_from_chief, strategy)
    validation, validation_count = batches.to_choose_on(config, data)

    def trials(configs: Sequence[StepConfig]) -> list[Measurement]:
        (batch,) = training(0).take(1).as_numpy_iterator()
        of_one_device = train_settings.batch_size // strategy.num_replicas_in_sync
        return precision_process.try_in_process(
            precision_process.job_for(
                model_settings.model_dump(), train_settings, config.moods, sampler.label_counts
            ),
            [each[:of_one_device] for each in batch],
            configs,
        )

    # The training itself.
    step_config = precision.select_precision(
        train_settings, trials, precision_dir, run_dir, is_chief=is_chief, agree=agree
    )
    model = _build(config, model_settings, strategy, step_config.precision)
    warm_start.write_label_map(run_dir, config.moods)
    fitting.fit(
        model,
        training,
        devices.with_data_autosharding(validation),
        train_settings,
        loss,
        steps_per_epoch=steps_per_epoch,
        run_dir=run_dir,
        backups=backups,
        xla=step_config.xla,
        task=task,
        validation_examples=validation_count,
        agree=agree,
        device=devices.names_of(strategy),
        keep=batches.kept_features(config, data, train_index, sampler, validation, strategy),
    )
    return model


def _train_settings(settings: TrainSettings, strategy: tf.distribute.Strategy) -> TrainSettings:
    """Returns the settings with the batch and the rate of these devices.

    On several machines there are no backups within an epoch: by its own clock each machine would
    choose its own times for them.
    """
    settings = devices.with_device_batches(settings, strategy.num_replicas_in_sync)
    if devices.spans_machines(strategy):
        settings = settings.replace(backup_minutes=0.0)
    return settings


def _build(
    config: TrainerConfig,
    settings: ModelSettings,
    strategy: tf.distribute.Strategy,
    dtype: str,
) -> keras.Model:
    """Builds the network with its first weights, to compute in a precision.

    Args:
      config: of the training.
      settings: of the network, with the base model's checkpoint as weights, if there is one.
      strategy: to build under.
      dtype: precision of a step config.
    """
    keras.utils.set_random_seed(config.train.seed)
    with dtype_policy(dtype), strategy.scope():
        model = classifier.build(settings, len(config.moods))
        warm_start.load_head(model, settings.weights, config.moods)
    return devices.patch_for_multi_worker(model)
