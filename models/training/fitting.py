"""The training loop: phases, callbacks and metrics; it leaves the best epoch's weights."""

import logging
from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf

from models.settings import ACCURACY, TrainSettings
from models.training import callbacks, checkpoints, curves, fine_tuning, schedules
from models.training.backup import Backups
from models.training.macro_f1 import MacroF1
from models.training.optimizers import optimizer_for
from models.training.precision import with_loss_scale
from models.training.resume import Resumption

_LOGGER = logging.getLogger(__name__)


def fit(
    model: keras.Model,
    training: Callable[[int], tf.data.Dataset],
    validation: tf.data.Dataset,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    *,
    steps_per_epoch: int,
    run_dir: str,
    backups: Backups,
    task: str = "train",
    xla: bool = False,
) -> None:
    """Trains the model and leaves it with the best epoch's weights.

    Args:
      model: changed in place.
      training: returns the endless stream of ``training_batches``; its argument is the number
        of batches that have been trained on already.
      validation: finite, see ``evaluation_batches``.
      settings: of the training.
      loss: see ``losses.loss_for``.
      steps_per_epoch: batches after which the model is validated.
      run_dir: gets ``artifacts.CURVES_CSV``, ``CHECKPOINT_KERAS`` and ``TENSORBOARD``.
      backups: the training goes on from the newest, and makes new ones.
      task: name in the progress reports.
      xla: whether XLA compiles the step.

    Raises:
      TrainingDivergedError: if the loss is NaN or infinite.
    """
    # Take up a backup.
    tf.io.gfile.makedirs(run_dir)
    resumption = Resumption(backups, run_dir, settings.backup_minutes)
    resumption.restore_weights(model)
    curves.replay_to_tensorboard(run_dir)
    start = resumption.position
    steps_before = start.epoch * steps_per_epoch

    # One for all phases: it remembers the best figure so far.
    monitor = f"val_{settings.checkpoint_metric}"
    best = checkpoints.BestCheckpoint(run_dir, monitor)

    # Train phase by phase.
    for phase in fine_tuning.phases(settings):
        if start.epoch >= phase.end:
            continue
        fine_tuning.freeze(model, phase.part)
        with model.distribute_strategy.scope():
            metrics = compile_for(model, settings, loss, phase, steps_per_epoch, xla)
        first_epoch = max(start.epoch, phase.begin)
        first_step = start.step if first_epoch == start.epoch else 0
        stateful_callbacks = [
            *schedules.callbacks(settings, phase.rate),
            best,
            *_early_stopping(settings, phase),
        ]
        progress = callbacks.ReportProgress(settings.epochs, steps_per_epoch, steps_before, task)
        _LOGGER.info("Training %s from epoch %d on", phase, first_epoch + 1)
        model.fit(
            training(first_epoch * steps_per_epoch + first_step),
            initial_epoch=first_epoch,
            epochs=phase.end,
            steps_per_epoch=steps_per_epoch,
            validation_data=validation,
            verbose=0,
            callbacks=[
                callbacks.StopOnNan(best.path, run_dir),
                # The averaged weights are in the model from here on until the next epoch.
                *_averaging(settings),
                callbacks.LogRateAndTime(),
                progress,
                *curves.callbacks(run_dir, append=first_epoch > 0),
                *stateful_callbacks,
                resumption.callback(metrics, stateful_callbacks),
            ],
        )
        steps_before = 0
        resumption.note_phase(model, phase.end)

    # Leave the best epoch.
    checkpoints.restore(model, best.path)
    _log_best_epoch([row[monitor] for row in curves.read(run_dir)], monitor, settings)


def compile_for(
    model: keras.Model,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    phase: fine_tuning.Phase,
    steps_per_epoch: int,
    xla: bool = False,
) -> list[keras.metrics.Metric]:
    """Gives the model its loss, optimiser and metrics; the metrics ignore the class weights.

    Args:
      model: frozen for the phase.
      settings: of the training.
      loss: see ``losses.loss_for``.
      phase: gives the length and the highest rate of the schedule.
      steps_per_epoch: batches an epoch.
      xla: whether XLA compiles the step.

    Returns:
      All figures that are counted in training: the mean loss first, then the metrics.
    """
    rate = schedules.learning_rate(
        settings, phase.rate, epochs=phase.end - phase.begin, steps_per_epoch=steps_per_epoch
    )
    metrics = headline_metrics(model.output_shape[-1])
    optimizer = with_loss_scale(optimizer_for(settings, model, rate), model)
    # Otherwise the first step creates its variables and is traced twice: 15 s for this network.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=metrics,
        jit_compile=xla,
    )
    # Keras puts its mean loss in front, and shows the other metrics only after their first use.
    return [model.metrics[0], *metrics]


def headline_metrics(num_classes: int) -> list[keras.metrics.Metric]:
    """Returns accuracy and macro-F1 over one-hot labels, float32[n, num_classes].

    Given to ``compile`` as ``metrics``, both ignore sample weights.
    """
    return [keras.metrics.CategoricalAccuracy(name=ACCURACY), MacroF1(num_classes)]


def train_steps(
    model: keras.Model,
    batches: tf.data.Dataset,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    steps_per_epoch: int,
    xla: bool,
) -> Iterator[float]:
    """Trains on a few batches as in the last phase, and yields the mean loss after each.

    Args:
      model: changed in place.
      batches: of ``training_batches``; all are made before the first step.
      settings: of the training.
      loss: see ``losses.loss_for``.
      steps_per_epoch: batches an epoch.
      xla: whether XLA compiles the step.
    """
    phase = fine_tuning.phases(settings)[-1]
    fine_tuning.freeze(model, phase.part)
    with model.distribute_strategy.scope():
        compile_for(model, settings, loss, phase, steps_per_epoch, xla)
    for batch in list(batches):
        yield float(model.train_on_batch(*batch, return_dict=True)["loss"])


def _averaging(settings: TrainSettings) -> list[keras.callbacks.Callback]:
    if not settings.ema_decay:
        return []
    return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]


def _early_stopping(
    settings: TrainSettings, phase: fine_tuning.Phase
) -> list[keras.callbacks.Callback]:
    if not phase.is_last:
        return []
    return [
        keras.callbacks.EarlyStopping(
            monitor="val_loss", mode="min", patience=settings.early_stopping_patience
        )
    ]


def _log_best_epoch(curve: Sequence[float], monitor: str, settings: TrainSettings) -> None:
    _LOGGER.info(
        "Trained %d of %d epochs; the best is epoch %d with %s %.4f",
        len(curve),
        settings.epochs,
        curve.index(max(curve)) + 1,
        monitor,
        max(curve),
    )
