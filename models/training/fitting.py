"""The training loop: phases, callbacks, and which epoch's weights it leaves."""

import logging
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from models.settings import ACCURACY, MACRO_F1, TrainSettings
from models.training import callbacks, checkpoints, curves, fine_tuning, schedules
from models.training.backup import Backups
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
      training: makes the endless stream of ``training_batches``, given how many batches of it
        have been trained on already.
      validation: finite, see ``evaluation_batches``.
      settings: of the training.
      loss: see ``losses.loss_for``.
      steps_per_epoch: batches after which the model is validated.
      run_dir: gets ``artifacts.CURVES_CSV``, ``CHECKPOINT_KERAS`` and ``TENSORBOARD``.
      backups: where it goes on from, and what it leaves if it is killed.
      task: name for its progress.
      xla: whether XLA compiles the step.

    Raises:
      TrainingDivergedError: if the loss is no longer a number.
    """
    tf.io.gfile.makedirs(run_dir)
    resumption = Resumption(backups, run_dir, settings.backup_minutes)
    resumption.restore_weights(model)
    curves.replay_to_tensorboard(run_dir)
    start = resumption.position
    monitor = f"val_{settings.checkpoint_metric}"
    best = checkpoints.BestCheckpoint(
        run_dir, monitor
    )  # One for all phases: it knows the best so far.
    done = start.epoch * steps_per_epoch
    for phase in fine_tuning.phases(settings):
        if start.epoch >= phase.end:
            continue
        fine_tuning.freeze(model, phase.part)
        with model.distribute_strategy.scope():
            metrics = compile_for(model, settings, loss, phase, steps_per_epoch, xla)
        begin = max(start.epoch, phase.begin)
        passed = start.step if begin == start.epoch else 0
        _LOGGER.info("Training %s from epoch %d on", phase, begin + 1)
        # What knows of earlier epochs.
        stateful_callbacks = [
            *schedules.callbacks(settings, phase.rate),
            best,
            *_early_stopping(settings, phase),
        ]
        model.fit(
            training(begin * steps_per_epoch + passed),
            initial_epoch=begin,
            epochs=phase.end,
            steps_per_epoch=steps_per_epoch,
            validation_data=validation,
            verbose=0,
            callbacks=[
                callbacks.StopOnNan(best.path, run_dir),
                # The averaged weights are in the model from here on until the next epoch.
                *_averaging(settings),
                callbacks.LogRateAndTime(),
                callbacks.ReportProgress(settings.epochs, steps_per_epoch, done, task),
                *curves.callbacks(run_dir, append=begin > 0),
                *stateful_callbacks,
                resumption.callback(metrics, stateful_callbacks),
            ],
        )
        done = 0
        resumption.note_phase(model, phase.end)
    checkpoints.restore(model, best.path)
    curve = [row[monitor] for row in curves.read(run_dir)]
    _LOGGER.info(
        "Trained %d of %d epochs; the best is epoch %d with %s %.4f",
        len(curve),
        settings.epochs,
        curve.index(max(curve)) + 1,
        monitor,
        max(curve),
    )


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
      model: frozen as the phase will train it.
      settings: of the training.
      loss: see ``losses.loss_for``.
      phase: whose length and rate the schedule has.
      steps_per_epoch: batches an epoch.
      xla: whether XLA compiles the step.

    Returns:
      All that is counted in training: the mean loss first, then the metrics.
    """
    rate = schedules.learning_rate(
        settings, phase.rate, epochs=phase.end - phase.begin, steps_per_epoch=steps_per_epoch
    )
    metrics = headline_metrics(model.output_shape[-1])
    optimizer = with_loss_scale(optimizer_for(settings, model, rate), model)
    # Else the first step makes its variables and is traced twice, see ``headline_metrics``.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=metrics,
        jit_compile=xla,
    )
    # Keras puts its own in front, and shows the others only once they are used.
    return [model.metrics[0], *metrics]


def headline_metrics(classes: int) -> list[keras.metrics.Metric]:
    """Returns accuracy and macro-F1 over one-hot moods, float32[n, classes].

    Macro-F1 is the mean over all moods of the label map; one that the split has no example of
    counts as 0. Given to ``compile`` as ``metrics``, both ignore sample weights.
    """
    macro_f1 = keras.metrics.F1Score(average="macro", name=MACRO_F1)
    # It makes its variables when first used. Made while the training step is being traced,
    # they would have TensorFlow trace it again, which takes 15 s for this network.
    macro_f1.update_state(np.zeros([1, classes]), np.zeros([1, classes]))
    return [keras.metrics.CategoricalAccuracy(name=ACCURACY), macro_f1]


def train_steps(
    model: keras.Model,
    batches: tf.data.Dataset,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    steps_per_epoch: int,
    xla: bool,
) -> Iterator[float]:
    """Trains on a few batches as the last phase would, and tells the mean loss after each.

    Args:
      model: changed in place.
      batches: of ``training_batches``; made before the first step is taken.
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
