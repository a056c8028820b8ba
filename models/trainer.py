"""The training, as the TFX Trainer calls it (``models.trainer.run_fn``).

From Examples and the Transform node's graph to the best epoch's network, exported with its
signatures. Here things are put together; what they do is in the modules named below.
"""

import dataclasses
import logging
import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf

from models.inputs.input_pipeline import evaluation_batches, shard_files, training_batches
from models.inputs.label_index import LabelIndexer, count_labels
from models.network import classifier
from models.servable import export, golden, temperature
from models.servable.signatures import ServingSpec
from models.trainer_config import TrainerConfig
from models.training import backup, devices, fitting, losses, precision, warm_start
from schemas import artifacts

_LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Data:
    """The Examples of both splits.

    Attributes:
      indexer: of the Transform node.
      train_files, eval_files: TFRecord shards.
      train_counts, eval_counts: examples of each mood in them.
    """

    indexer: LabelIndexer
    train_files: Sequence[str]
    eval_files: Sequence[str]
    train_counts: Sequence[int]
    eval_counts: Sequence[int]

    @classmethod
    def of(cls, fn_args: Any, moods: int) -> "Data":
        """Finds what TFX names in ``fn_args``, and counts it.

        Raises:
          ConfigError: if there is nothing, or a label is not in the label map.
        """
        indexer = LabelIndexer(fn_args.transform_graph_path)
        train, evaluation = shard_files(fn_args.train_files), shard_files(fn_args.eval_files)
        counts = [count_labels(files, indexer, moods) for files in (train, evaluation)]
        return cls(indexer, train, evaluation, *counts)


def run_fn(fn_args: Any) -> None:
    """Trains and exports (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (patterns),
        ``transform_graph_path``, ``base_model``, ``model_run_dir``, ``serving_model_dir``,
        ``hyperparameters`` (the Tuner's best) and ``custom_config`` (``TrainerConfig``).

    Raises:
      ConfigError: if the weights cannot be had, or the data does not fit the label map.
      TrainingDivergedError: if the loss is no longer a number.
    """
    config = TrainerConfig.from_json(fn_args.custom_config).with_hyperparameters(
        fn_args.hyperparameters
    )
    config = config.with_backup_dir(fn_args.model_run_dir)
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(config.train)  # Before anything is computed.
    data = Data.of(fn_args, len(config.moods))
    key = backup.key_of(
        {**fn_args.custom_config, "hyperparameters": fn_args.hyperparameters},
        [*data.train_files, *data.eval_files],
        fn_args.base_model,
    )
    if not devices.is_chief(strategy):
        # It takes part in each step, and what it would write is the chief's already.
        with tempfile.TemporaryDirectory() as folder:
            backups = backup.Backups(config.backup_dir, key, writes=False)
            run_dir = os.path.join(folder, "run", "0")
            train(config, data, fn_args.base_model, run_dir, backups, folder, strategy)
        devices.barrier(strategy)  # TFX asks each machine whether there is a model.
        return
    backups = backup.Backups(config.backup_dir, key)
    run_dir = fn_args.model_run_dir
    model = train(config, data, fn_args.base_model, run_dir, backups, backups.folder, strategy)
    model = export.as_float32(model, config.model, config.moods, run_dir)

    def batches(files: Sequence[str]) -> tf.data.Dataset:
        return _evaluation(config, data.indexer, files)

    if config.calibrate:
        temperature.scale(model, data.eval_files, batches, run_dir)
        # What is kept must say what is served.
        classifier.without_optimizer(model).save(os.path.join(run_dir, artifacts.CHECKPOINT_KERAS))
    golden.write(model, data.eval_files, sum(data.eval_counts), batches, run_dir)
    spec = ServingSpec(config.moods, config.model.resolution, config.box_margin)
    weights = warm_start.start_of(config.model, fn_args.base_model).weights
    export.write_servable(model, spec, weights, fn_args.serving_model_dir)
    warm_start.keep_checkpoint(fn_args.model_run_dir, fn_args.serving_model_dir)
    backups.clear()
    devices.barrier(strategy)


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
    """Builds the network and trains it; the Trainer's training and a trial of the Tuner's.

    Args:
      config: what and how.
      data: on what.
      base_model: servable of the model to go on from, if any.
      run_dir: gets the curves, the checkpoint and its label map.
      backups: where it goes on from, and what it leaves if it is killed.
      precision_dir: folder that keeps which precision was found to be the fastest.
      strategy: of ``devices.strategy_for``.
      task: name for its progress.

    Returns:
      The network of the best epoch.

    Raises:
      ConfigError: if the weights cannot be had.
      TrainingDivergedError: if the loss is no longer a number.
    """
    _LOGGER.info(
        "Training on %d examples, validating on %d; %s",
        sum(data.train_counts),
        sum(data.eval_counts),
        config,
    )
    first = warm_start.start_of(config.model, base_model)
    loss = losses.loss_for(config.train, data.train_counts)
    steps_per_epoch = config.train.steps_per_epoch or math.ceil(
        sum(data.train_counts) / config.train.batch_size
    )

    def batches(start: int) -> tf.data.Dataset:
        stream = training_batches(
            data.train_files,
            data.indexer,
            losses.class_weights(config.train, data.train_counts, config.moods),
            resolution=config.model.resolution,
            batch_size=config.train.batch_size,
            shuffle_buffer=config.train.shuffle_buffer,
            augment=config.augment,
            seed=config.train.seed,
            total=sum(data.train_counts),
            start=start,
        )
        return devices.with_data_autosharding(stream)

    def build(dtype: str) -> keras.Model:
        keras.utils.set_random_seed(config.train.seed)
        with precision.policy(dtype), strategy.scope():
            model = classifier.build(first, len(config.moods))
            warm_start.take_head(model, first.weights, config.moods)
        return devices.patch_for_multi_worker(model)

    def trial_steps(step_config: precision.StepConfig) -> Iterable[float]:
        some = batches(0).take(precision.STEPS)
        model = build(step_config.precision)
        return fitting.train_steps(
            model, some, config.train, loss, steps_per_epoch, step_config.xla
        )

    settings = config.train
    if devices.spans_machines(strategy):
        # Each would look at its own clock, for the precision and for when to make a backup.
        settings = precision.without_auto(settings).replace(backup_minutes=0.0)
    step_config = precision.select_precision(settings, trial_steps, precision_dir, run_dir)
    model = build(step_config.precision)
    warm_start.note_moods(run_dir, config.moods)
    fitting.fit(
        model,
        batches,
        devices.with_data_autosharding(_evaluation(config, data.indexer, data.eval_files)),
        settings,
        loss,
        steps_per_epoch=steps_per_epoch,
        run_dir=run_dir,
        backups=backups,
        xla=step_config.xla,
        task=task,
    )
    return model


def _evaluation(
    config: TrainerConfig, indexer: LabelIndexer, files: Sequence[str]
) -> tf.data.Dataset:
    return evaluation_batches(
        files,
        indexer,
        len(config.moods),
        resolution=config.model.resolution,
        batch_size=config.train.batch_size,
    )
