"""The training, as the TFX Trainer calls it (``models.trainer.run_fn``).

From Examples and the Transform node's graph to the best epoch's network, exported with its
signatures. This module calls the stages in order; they are in the modules imported below.
"""

import dataclasses
import functools
import logging
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dataset.trained_on import TrainedOn
from models.inputs import local_shards, records
from models.inputs.clip_sampler import ClipSampler
from models.network import classifier
from models.servable import calibration, export, golden
from models.servable.signatures import ServingSpec
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
from schemas import artifacts, signatures
from schemas.splits import EVAL, split_of_shard

_LOGGER = logging.getLogger(__name__)


def run_fn(fn_args: Any) -> None:
    """Trains and exports (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (patterns, of
        the split to choose on), ``transform_graph_path``, ``base_model``, ``model_run_dir``,
        ``serving_model_dir``,
        ``hyperparameters`` (the Tuner's best) and ``custom_config`` (``TrainerConfig``).

    Raises:
      ConfigError: if the weights cannot be loaded, or the data does not fit the label map.
      TrainingDivergedError: if the loss is NaN or infinite.
    """
    # Configuration, devices, data.
    config = TrainerConfig.from_json(fn_args.custom_config)
    config = config.with_hyperparameters(fn_args.hyperparameters)
    clears_backups = config.clears_backups
    config = config.with_backup_dir(fn_args.model_run_dir)
    devices.check_gpus(config.gpus)
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(config.train)  # Before TensorFlow computes anything.
    data = Data.from_fn_args(fn_args, num_classes=len(config.moods))
    key = backup.backup_key(
        {**fn_args.custom_config, "hyperparameters": fn_args.hyperparameters},
        [*data.train_files, *data.eval_files],
        fn_args.base_model,
    )

    if any(split_of_shard(pattern) == EVAL for pattern in fn_args.eval_files):
        _LOGGER.warning(
            "There is no validation split: the epoch is chosen on the eval rows that judge the "
            "model, whose scores are a little too good. Set data.validation_fraction"
        )

    # What the model will have seen; a base that leaves nothing to judge it on is refused here.
    weights = warm_start.with_base_weights(config.model, fn_args.base_model).weights
    trained_on = warm_start.trained_on(fn_args.train_files, fn_args.eval_files, weights)

    # Training and export.
    if devices.is_chief(strategy):
        warm_start.write_trained_on(trained_on, fn_args.model_run_dir)
        backups = backup.Backups(config.backup_dir, key)
        backups.clear_others()
        model = train(
            config,
            data,
            fn_args.base_model,
            run_dir=fn_args.model_run_dir,
            backups=backups,
            precision_dir=backups.folder,
            strategy=strategy,
        )
        _export(model, config, data, fn_args, trained_on)
        if clears_backups:
            backups.clear()
    else:
        backups = backup.Backups(config.backup_dir, key, writes=False)
        _train_without_output(config, data, fn_args.base_model, backups, strategy)
    devices.barrier(strategy)  # After it TFX checks on each machine that there is a model.


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


def _train_without_output(
    config: TrainerConfig,
    data: Data,
    base_model: str | None,
    backups: backup.Backups,
    strategy: tf.distribute.Strategy,
) -> None:
    """Takes part in each step of a training whose files the chief writes."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = os.path.join(folder, "run", "0")
        train(config, data, base_model, run_dir, backups, folder, strategy)


def _export(
    model: keras.Model,
    config: TrainerConfig,
    data: Data,
    fn_args: Any,
    trained_on: TrainedOn | None,
) -> None:
    """Calibrates the trained network and writes the servable and all that belongs to it."""
    run_dir = fn_args.model_run_dir
    model = export.as_float32(model, config.model, config.moods, run_dir)

    def in_order(files: Sequence[str]) -> tf.data.Dataset:
        return batches.in_order(config, data.indexer, files)

    calibrated = calibration.calibrate(
        *(model, data.eval_files, in_order, run_dir, config.calibration),
        judges=any(split_of_shard(file) == EVAL for file in data.eval_files),
        clips=len(np.unique(data.eval_index.clips)),
    )
    if calibrated and calibrated["temperature"] != 1:
        # The checkpoint must predict what the servable predicts.
        classifier.without_optimizer(model).save(os.path.join(run_dir, artifacts.CHECKPOINT_KERAS))
    spec = ServingSpec(
        config.moods,
        config.model.resolution,
        config.box_margin,
        box_overhang=config.box_overhang,
        trained_on=config.trained_on,
    )
    if calibrated:
        spec = dataclasses.replace(
            spec,
            unsure_below=calibrated["unsure_below"],
            temperature=calibrated["temperature"],
            fitted_on=calibrated["fitted_on"],
        )
    total, label_indices = sum(data.eval_counts), data.indexer.indices_of(config.moods)
    golden.write(model, data.eval_files, total, in_order, label_indices, spec, run_dir)

    weights = warm_start.with_base_weights(config.model, fn_args.base_model).weights
    export.write_preprocessing(spec, weights, run_dir)  # Beside the checkpoint.
    export.write_servable(model, spec, weights, fn_args.serving_model_dir)
    warm_start.write_trained_on(
        trained_on, os.path.join(fn_args.serving_model_dir, signatures.EXTRAS_FOLDER)
    )
    warm_start.keep_checkpoint(run_dir, fn_args.serving_model_dir)


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
