"""What a network gets before it is trained: loss, optimiser, metrics, and steps an execution."""

import keras
import tensorflow as tf

from models.settings.training import TrainSettings
from models.settings.training_choices import ACCURACY
from models.training import (
    fine_tuning,
    schedules,
)
from models.training.macro_f1 import MacroF1
from models.training.optimizers import optimizer_for
from models.training.step_config import with_loss_scale

_GPU_STEPS_PER_EXECUTION = 10
"""Python then has some tenths of a second between two steps, in which the GPU does not wait."""


def compile_for(
    model: keras.Model,
    settings: TrainSettings,
    loss: keras.losses.Loss,
    phase: fine_tuning.Phase,
    steps_per_epoch: int,
    xla: bool = False,
    *,
    steps: int | None = None,
    steps_per_execution: int = 1,
) -> list[keras.metrics.Metric]:
    """Gives the model its loss, optimiser and metrics; the metrics ignore the class weights.

    Args:
      model: frozen for the phase.
      settings: of the training.
      loss: see ``losses.loss_for``.
      phase: gives the highest rate of the schedule.
      steps_per_epoch: batches an epoch.
      xla: whether XLA compiles the step.
      steps: length of the schedule; None for the phase's epochs.
      steps_per_execution: steps between two returns to Python.

    Returns:
      All figures that are counted in training: the mean loss first, then the metrics.
    """
    if steps is None:
        steps = (phase.end - phase.begin) * steps_per_epoch
    rate = schedules.learning_rate(settings, phase.rate, steps, steps_per_epoch)
    metrics = headline_metrics(model.output_shape[-1])
    optimizer = with_loss_scale(optimizer_for(settings, model, rate), model)
    # Otherwise the first step creates its variables and is traced twice: 15 s for this network.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=metrics,
        jit_compile=xla,
        steps_per_execution=steps_per_execution,
    )
    # Keras puts its mean loss in front, and shows the other metrics only after their first use.
    return [model.metrics[0], *metrics]


def headline_metrics(num_classes: int) -> list[keras.metrics.Metric]:
    """Returns accuracy and macro-F1 over one-hot labels, float32[n, num_classes].

    Given to ``compile`` as ``metrics``, both ignore sample weights.
    """
    return [keras.metrics.CategoricalAccuracy(name=ACCURACY), MacroF1(num_classes)]


def largest_steps_per_execution(settings: TrainSettings, steps: int) -> int:
    """Returns the largest number up to the wanted one that divides the steps of an epoch.

    So an epoch, and what is left of one that goes on, has whole executions.
    """
    wanted = min(wanted_steps_per_execution(settings), steps)
    return next(number for number in range(wanted, 0, -1) if steps % number == 0)


def wanted_steps_per_execution(settings: TrainSettings) -> int:
    """Returns the setting, or for 0 the number for this machine's devices."""
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return settings.steps_per_execution or (_GPU_STEPS_PER_EXECUTION if on_gpu else 1)
