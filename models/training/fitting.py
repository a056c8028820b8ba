"""The training loop: phases, callbacks and metrics; it leaves the best epoch's weights."""

import functools
import json
import logging
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from models.settings.training import TrainSettings
from models.settings.training_choices import HEAD
from models.training import (
    averaging,
    budget,
    callbacks,
    checkpoints,
    criterion,
    curves,
    early_stopping,
    fine_tuning,
    head_features,
    schedules,
)
from models.training.backup import Backups
from models.training.compiling import compile_for, largest_steps_per_execution
from models.training.length import Length
from models.training.resume import Resumption
from models.training.step_config import StepConfig
from schemas import artifacts
from schemas.documents.training import Budget, Training
from system.storage import write_whole

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
    validation_examples: int = 0,
    agree: budget.Agree = lambda number: number,
    device: str = "",
    keep: head_features.Keep | None = None,
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
      run_dir: gets ``artifacts.CURVES_CSV``, ``CHECKPOINT_KERAS``, ``TRAINING_JSON`` and
        ``TENSORBOARD``; with ``train.minutes`` also ``BUDGET_JSON``.
      backups: the training goes on from the newest, and makes new ones.
      task: name in the progress reports.
      xla: whether XLA compiles the step.
      validation_examples: number of them, by which ``train.minutes`` counts the validation's time.
      agree: for several machines that train together: returns the chief's number on each.
      device: name of what computes, for the progress reports and the document.
      keep: computes the features on which phases of the head alone are trained; None trains them
        on pictures.

    Raises:
      ConfigError: if the first of two phases would take the whole training.
      TrainingDivergedError: if the loss is NaN or infinite.
    """
    began = time.monotonic()
    # Take up a backup.
    tf.io.gfile.makedirs(run_dir)
    resumption = Resumption(backups, run_dir, settings.backup_minutes)
    resumption.restore_weights(model)
    curves.replay_to_tensorboard(run_dir)
    length = budget.length_of(settings, steps_per_epoch, backups.folder, run_dir)
    start = resumption.position
    steps_before = start.epoch * steps_per_epoch
    steps_per_execution = largest_steps_per_execution(
        settings, math.gcd(steps_per_epoch, start.step)
    )

    # One for all phases: it remembers the best figure so far.
    best = checkpoints.BestCheckpoint(model, run_dir, criterion.monitor(settings))
    stop_on_nan = callbacks.StopOnNan(best.path, run_dir)
    speeds: list[float] = []
    shown = f"{device}, {StepConfig(model.compute_dtype, xla)}" if device else ""

    # Train phase by phase.
    for phase in fine_tuning.phases(settings, length.epochs):
        if start.epoch >= phase.end:
            continue
        fine_tuning.freeze(model, phase.part)
        begin_step = phase.begin * steps_per_epoch
        schedule_steps = (length.steps or settings.epochs * steps_per_epoch) - begin_step
        first_epoch = max(start.epoch, phase.begin)
        first_step = start.step if first_epoch == start.epoch else 0
        first = first_epoch * steps_per_epoch + first_step
        with model.distribute_strategy.scope():
            trained = head_features.HeadTraining(model, training, validation)
            if keep is not None and phase.part == HEAD:
                ends = not phase.is_last or length.steps is not None
                trained = keep(model, first, phase.end * steps_per_epoch if ends else None)
            metrics = compile_for(
                trained.model,
                settings,
                loss,
                phase,
                steps_per_epoch,
                xla,
                steps=schedule_steps if phase.is_last else None,
                steps_per_execution=steps_per_execution,
            )
        stateful_callbacks = [
            *schedules.callbacks(settings, phase.rate),
            best,
            *_early_stopping(settings, phase, length),
        ]
        progress = callbacks.ReportProgress(
            length, steps_before, task, batch_size=settings.batch_size, device=shown
        )
        deciding = []
        if phase.is_last and length.steps is None:
            spent = sum(row["seconds"] for row in curves.read(run_dir)) + time.monotonic() - began
            deciding = [
                budget.DecideSteps(
                    settings,
                    length,
                    begin_step,
                    skipped=first - begin_step,
                    left_seconds=60 * settings.minutes - spent,
                    validation_seconds=budget.validation_seconds(
                        trained.model, trained.validation, validation_examples, agree
                    ),
                    write=functools.partial(_write_budget, run_dir, backups),
                    agree=agree,
                )
            ]
        _LOGGER.info("Training %s from epoch %d on", phase, first_epoch + 1)
        trained.model.fit(
            trained.training(first),
            initial_epoch=first_epoch,
            epochs=phase.end,
            steps_per_epoch=steps_per_epoch,
            validation_data=trained.validation,
            verbose=0,
            callbacks=callbacks.LazyCallbackList(
                [
                    stop_on_nan,
                    # The averaged weights are in the model from here on until the next epoch.
                    *_averaging(settings),
                    callbacks.LogRateAndTime(),
                    *deciding,
                    budget.EndOfBudget(length),
                    *curves.callbacks(run_dir, append=first_epoch > 0),
                    *stateful_callbacks,
                    progress,
                    resumption.callback(model, metrics, stateful_callbacks, stop_on_nan.look),
                ],
                add_history=True,
                model=trained.model,
                epochs=phase.end,
                steps=steps_per_epoch,
                verbose=0,
            ),
        )
        speeds += progress.images_per_second
        steps_before = 0
        resumption.note_phase(model, phase.end)

    # Leave the best epoch.
    checkpoints.restore(model, best.path)
    rows = curves.read(run_dir)
    _log_best_epoch([row[best.monitor] for row in rows], best.monitor, length.epochs)
    _write_training(model, settings, xla, length, len(rows), speeds, device, run_dir)


def _averaging(settings: TrainSettings) -> list[keras.callbacks.Callback]:
    if not settings.ema_decay:
        return []
    return [averaging.UseAverages()]


def _early_stopping(
    settings: TrainSettings, phase: fine_tuning.Phase, length: Length
) -> list[keras.callbacks.Callback]:
    if not phase.is_last or not settings.early_stopping_patience:
        return []
    return [early_stopping.StopWithoutGain(settings, length)]


def _write_budget(run_dir: str, backups: Backups, document: Budget) -> None:
    budget.write(document, run_dir, *([backups.folder] if backups.writes else []))


def _write_training(
    model: keras.Model,
    settings: TrainSettings,
    xla: bool,
    length: Length,
    epochs: int,
    speeds: Sequence[float],
    device: str,
    run_dir: str,
) -> None:
    document = Training(
        precision=model.compute_dtype,
        xla=xla,
        device=device,
        replicas=model.distribute_strategy.num_replicas_in_sync,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        steps=min(length.steps or 0, epochs * length.steps_per_epoch),
        epochs=epochs,
        images_per_second=statistics.median(speeds) if speeds else None,
    )
    write_whole(os.path.join(run_dir, artifacts.TRAINING_JSON), json.dumps(document, indent=1))


def _log_best_epoch(curve: Sequence[float], monitor: str, epochs: int) -> None:
    _LOGGER.info(
        "Trained %d of %d epochs; the best is epoch %d with %s %.4f",
        len(curve),
        epochs,
        curve.index(max(curve)) + 1,
        monitor,
        max(curve),
    )
