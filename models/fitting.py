"""The training loop: phases, callbacks, and which epoch's weights it leaves."""

import logging
import os

import keras
import tensorflow as tf

from models import callbacks, checkpoints, fine_tuning, schedules
from models.hparams import TrainSettings
from models.metrics import headline_metrics
from models.optimizers import optimizer_for
from schemas import artifacts

_LOGGER = logging.getLogger(__name__)


def fit(
    model: keras.Model,
    training: tf.data.Dataset,
    validation: tf.data.Dataset,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    *,
    steps_per_epoch: int,
    run_dir: str,
    task: str = "train",
) -> None:
    """Trains the model and leaves it with the best epoch's weights.

    Args:
      model: changed in place.
      training: endless, see ``training_batches``.
      validation: finite, see ``evaluation_batches``.
      settings: of the training.
      loss: see ``losses.loss_for``.
      steps_per_epoch: batches after which the model is validated.
      run_dir: gets ``artifacts.CURVES_CSV`` and ``artifacts.CHECKPOINT_KERAS``.
      task: name for its progress.

    Raises:
      TrainingDivergedError: if the loss is no longer a number.
    """
    tf.io.gfile.makedirs(run_dir)
    monitor = f"val_{settings.checkpoint_metric}"
    best = checkpoints.KeepBest(run_dir, monitor)  # One for all phases: it knows the best so far.
    curve: list[float] = []
    for phase in fine_tuning.phases(settings):
        fine_tuning.freeze(model, phase.part)
        compile_for(model, settings, loss, phase, steps_per_epoch)
        _LOGGER.info("Training %s", phase)
        history = model.fit(
            training,
            initial_epoch=phase.begin,
            epochs=phase.end,
            steps_per_epoch=steps_per_epoch,
            validation_data=validation,
            verbose=0,
            callbacks=[
                callbacks.StopOnNan(best.path, run_dir),
                # The averaged weights are in the model from here on until the next epoch.
                *_averaging(settings),
                callbacks.NoteRateAndTime(),
                *schedules.callbacks(settings, phase.rate),
                callbacks.TellProgress(settings.epochs, steps_per_epoch, task),
                keras.callbacks.CSVLogger(
                    os.path.join(run_dir, artifacts.CURVES_CSV), append=phase.begin > 0
                ),
                best,
                *_early_stopping(settings, phase),
            ],
        ).history
        curve += history[monitor]
    checkpoints.restore(model, best.path)
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
) -> None:
    """Gives the model its loss, optimiser and metrics; the metrics ignore the class weights.

    Args:
      model: frozen as the phase will train it.
      settings: of the training.
      loss: see ``losses.loss_for``.
      phase: whose length and rate the schedule has.
      steps_per_epoch: batches an epoch.
    """
    rate = schedules.learning_rate(
        settings, phase.rate, epochs=phase.end - phase.begin, steps_per_epoch=steps_per_epoch
    )
    model.compile(
        optimizer=optimizer_for(settings, model, rate),
        loss=loss,
        metrics=headline_metrics(model.output_shape[-1]),
        # On a CPU, XLA makes the step seven times slower (facts, section 5).
        jit_compile=False,
    )


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
