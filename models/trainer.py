"""The training, as the TFX Trainer calls it (``models.trainer.run_fn``).

From Examples and the Transform node's graph to the best epoch's network, exported with its
signatures. Here things are put together; what they do is in the modules named below.
"""

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from models import class_weights, expected, export, fitting, losses, network, warm_start
from models.hparams import AugmentSettings, ModelSettings, TrainSettings
from models.input_pipeline import evaluation_batches, shard_files, training_batches
from models.label_index import LabelIndexer, count_labels
from models.serving import ServingSpec

_LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class TrainerConfig:
    """The Trainer's ``custom_config``.

    Attributes:
      model: the network.
      train: the training.
      augment: random changes to its pictures.
      moods: names in index order.
      box_margin: what the ingest widened boxes by, ``DataSettings.box_margin``.
    """

    model: ModelSettings
    train: TrainSettings
    augment: AugmentSettings
    moods: tuple[str, ...]
    box_margin: float

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> "TrainerConfig":
        """Makes it of a dictionary with the attributes' names and JSON values."""
        return cls(
            model=ModelSettings(**config["model"]),
            train=TrainSettings(**config["train"]),
            augment=AugmentSettings(**config["augment"]),
            moods=tuple(config["moods"]),
            box_margin=float(config["box_margin"]),
        )


def run_fn(fn_args: Any) -> None:
    """Trains and exports (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (patterns),
        ``transform_graph_path``, ``base_model``, ``model_run_dir``, ``serving_model_dir``
        and ``custom_config`` (``TrainerConfig``).

    Raises:
      ConfigError: if the weights cannot be had, or the data does not fit the label map.
      TrainingDivergedError: if the loss is no longer a number.
    """
    config = TrainerConfig.from_json(fn_args.custom_config)
    _let_gpu_memory_grow()
    keras.utils.set_random_seed(config.train.seed)
    indexer = LabelIndexer(fn_args.transform_graph_path)
    train_files, eval_files = shard_files(fn_args.train_files), shard_files(fn_args.eval_files)
    train_counts = count_labels(train_files, indexer, len(config.moods))
    eval_counts = count_labels(eval_files, indexer, len(config.moods))
    _LOGGER.info(
        "Training on %d examples, validating on %d; %s", sum(train_counts), sum(eval_counts), config
    )

    def evaluate(files: Sequence[str]) -> tf.data.Dataset:
        return evaluation_batches(
            files,
            indexer,
            len(config.moods),
            resolution=config.model.resolution,
            batch_size=config.train.batch_size,
        )

    start = warm_start.start_of(config.model, fn_args.base_model)
    model = network.build(start, len(config.moods))
    warm_start.take_head(model, start.weights, config.moods)
    warm_start.note_moods(fn_args.model_run_dir, config.moods)
    fitting.fit(
        model,
        training_batches(
            train_files,
            indexer,
            class_weights.of(config.train, train_counts, config.moods),
            resolution=config.model.resolution,
            batch_size=config.train.batch_size,
            shuffle_buffer=config.train.shuffle_buffer,
            augment=config.augment,
            seed=config.train.seed,
        ),
        evaluate(eval_files),
        config.train,
        losses.loss_for(config.train, train_counts),
        steps_per_epoch=config.train.steps_per_epoch
        or math.ceil(sum(train_counts) / config.train.batch_size),
        run_dir=fn_args.model_run_dir,
    )
    expected.write(model, eval_files, sum(eval_counts), evaluate, fn_args.model_run_dir)
    spec = ServingSpec(config.moods, config.model.resolution, config.box_margin)
    export.write_servable(model, spec, start.weights, fn_args.serving_model_dir)
    warm_start.keep_checkpoint(fn_args.model_run_dir, fn_args.serving_model_dir)


def _let_gpu_memory_grow() -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:  # A node before this one has used the GPU already.
            _LOGGER.warning("The GPU's memory is not grown on demand: %s", error)
