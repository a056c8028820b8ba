"""The training, as the TFX Trainer calls it (``models.trainer.run_fn``).

From Examples and the Transform node's graph to the best epoch's network, exported with its
signatures. This module calls the stages in order; they are in the modules imported below.
"""

import dataclasses
import logging
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dataset.trained_on import TrainedOn
from models.network import classifier
from models.servable import calibration, export, golden
from models.servable.serving_spec import ServingSpec
from models.trainer_config import TrainerConfig
from models.training import backup, batches, devices, warm_start
from models.training.data import Data
from models.training.training_run import train
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
