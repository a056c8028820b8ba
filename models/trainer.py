"""The training, as the TFX Trainer calls it (``models.trainer.run_fn``).

From Examples and the Transform node's graph to the best epoch's network, exported with its
signatures. Here things are put together; what they do is in the modules named below.
"""

import dataclasses
import logging
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from models import callbacks, class_weights, expected, export, network
from models.hparams import ModelSettings, TrainSettings
from models.input_pipeline import evaluation_batches, shard_files, training_batches
from models.label_index import LabelIndexer, count_labels
from models.metrics import headline_metrics
from models.serving import ServingSpec
from schemas import artifacts

_LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class TrainerConfig:
    """The Trainer's ``custom_config``.

    Attributes:
      model: the network.
      train: the training.
      moods: names in index order.
      box_margin: what the ingest widened boxes by, ``DataSettings.box_margin``.
    """

    model: ModelSettings
    train: TrainSettings
    moods: tuple[str, ...]
    box_margin: float

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> "TrainerConfig":
        """Makes it of ``{"model": {}, "train": {}, "moods": [], "box_margin": 0.05}``."""
        return cls(
            model=ModelSettings(**config["model"]),
            train=TrainSettings(**config["train"]),
            moods=tuple(config["moods"]),
            box_margin=float(config["box_margin"]),
        )


def run_fn(fn_args: Any) -> None:
    """Trains and exports (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (patterns),
        ``transform_graph_path``, ``model_run_dir``, ``serving_model_dir`` and
        ``custom_config`` (``TrainerConfig``).

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

    model = network.build(config.model, len(config.moods))
    compile_for(model, config.train)
    fit(
        model,
        training_batches(
            train_files,
            indexer,
            _weights(config, train_counts),
            resolution=config.model.resolution,
            batch_size=config.train.batch_size,
            shuffle_buffer=config.train.shuffle_buffer,
            augment=config.train.augment,
            seed=config.train.seed,
        ),
        evaluate(eval_files),
        config.train,
        steps_per_epoch=math.ceil(sum(train_counts) / config.train.batch_size),
        run_dir=fn_args.model_run_dir,
    )
    expected.write(model, eval_files, sum(eval_counts), evaluate, fn_args.model_run_dir)
    spec = ServingSpec(config.moods, config.model.resolution, config.box_margin)
    export.write_servable(model, spec, config.model.weights, fn_args.serving_model_dir)


def compile_for(model: keras.Model, settings: TrainSettings) -> None:
    """Gives the model its loss, optimiser and metrics; the metrics ignore the class weights."""
    optimizer = keras.optimizers.Adam(settings.learning_rate)
    # Else the first step makes its variables and is traced twice, see ``models.metrics``.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(),
        metrics=headline_metrics(model.output_shape[-1]),
        # On a CPU, XLA makes the step seven times slower (facts, section 5).
        jit_compile=False,
    )


def fit(
    model: keras.Model,
    training: tf.data.Dataset,
    validation: tf.data.Dataset,
    settings: TrainSettings,
    *,
    steps_per_epoch: int,
    run_dir: str,
) -> None:
    """Trains the compiled model and leaves it with the best epoch's weights.

    Args:
      model: changed in place.
      training: endless, see ``training_batches``.
      validation: finite, see ``evaluation_batches``.
      settings: of the training.
      steps_per_epoch: batches after which the model is validated.
      run_dir: gets ``artifacts.CURVES_CSV`` and ``artifacts.CHECKPOINT_KERAS``.

    Raises:
      TrainingDivergedError: if the loss is no longer a number.
    """
    tf.io.gfile.makedirs(run_dir)
    best = os.path.join(run_dir, artifacts.CHECKPOINT_KERAS)
    history = model.fit(
        training,
        epochs=settings.epochs,
        steps_per_epoch=steps_per_epoch,
        validation_data=validation,
        verbose=0,
        callbacks=[
            callbacks.StopOnNan(),
            callbacks.TellProgress(settings.epochs, steps_per_epoch),
            keras.callbacks.CSVLogger(os.path.join(run_dir, artifacts.CURVES_CSV)),
            keras.callbacks.ModelCheckpoint(
                best,
                monitor=f"val_{settings.checkpoint_metric}",
                mode="max",
                save_best_only=True,
            ),
            keras.callbacks.EarlyStopping(
                monitor="val_loss", mode="min", patience=settings.early_stopping_patience
            ),
        ],
    ).history
    model.load_weights(best)
    curve = history[f"val_{settings.checkpoint_metric}"]
    _LOGGER.info(
        "Trained %d of %d epochs; the best is epoch %d with val %s %.4f",
        len(curve),
        settings.epochs,
        curve.index(max(curve)) + 1,
        settings.checkpoint_metric,
        max(curve),
    )


def _weights(config: TrainerConfig, counts: Sequence[int]) -> list[float]:
    if config.train.class_weights:
        return class_weights.balanced(counts, config.moods)
    return [1.0] * len(counts)


def _let_gpu_memory_grow() -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:  # A node before this one has used the GPU already.
            _LOGGER.warning("The GPU's memory is not grown on demand: %s", error)
