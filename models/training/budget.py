"""The length of a training: given in epochs or steps, or in minutes and then measured.

The schedule is as long as the budget, so that every training ends with an annealed rate: one that
stops early because it no longer gains anneals first.
"""

import json
import logging
import os
import time
from collections.abc import Callable

import keras
import tensorflow as tf

from models.settings.training import TrainSettings
from models.training import fine_tuning, schedules
from models.training.callbacks import Logs
from models.training.length import Length
from models.training.schedules import schedule_of
from schemas import artifacts
from schemas.documents.training import Budget
from schemas.errors import ConfigError
from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

_WARM_UP = 3
"""Steps before the rate is measured: the first is traced and compiled."""
_FIRST_MEASURED = 10
_LEAST_SECONDS = 10.0
_LEAST_SHARE = 0.05
"""Least time over which the rate is measured, and as a share of the training's, whichever is less.
Until then the number of steps is doubled."""
_LEAST_FACTOR = 2
"""A training in minutes has at least so many times the steps that its measurement took."""

Agree = Callable[[float], float]
"""Returns the chief's number on every machine that trains."""


def length_of(settings: TrainSettings, steps_per_epoch: int, folder: str, run_dir: str) -> Length:
    """Returns the length of a training; one that goes on keeps the length that it had decided.

    Args:
      settings: ``epochs``, ``steps`` and ``minutes`` are used.
      steps_per_epoch: batches an epoch.
      folder: of the training's backups, which outlives a kill.
      run_dir: gets the decision of a training that goes on.

    Raises:
      ConfigError: if the first of two phases would take the whole budget.
    """
    if not settings.minutes:
        length = Length(steps_per_epoch, settings.steps or settings.epochs * steps_per_epoch)
    else:
        length = Length(steps_per_epoch, _decided(folder, run_dir))
    head = fine_tuning.head_epochs(settings) * steps_per_epoch
    if length.steps is not None and head >= length.steps:
        raise ConfigError(
            "train.head_epochs must be less than the whole training. Received: "
            f"{settings.head_epochs} epochs of {steps_per_epoch} steps, and {length.steps} steps"
        )
    return length


class EndOfBudget(keras.callbacks.Callback):
    """Ends the training after its last step, also in the middle of an epoch."""

    def __init__(self, length: Length) -> None:
        """Creates the callback.

        Args:
          length: of the training.
        """
        super().__init__()
        self._length = length
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the epoch, from 0."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Ends the training if the budget is used up; the epoch is still validated."""
        done = self._epoch * self._length.steps_per_epoch + batch + 1
        if self._length.steps is not None and done >= self._length.steps:
            self.model.stop_training = True


class DecideSteps(keras.callbacks.Callback):
    """Measures the first steps and decides how many fit into the minutes.

    The decision is kept in ``artifacts.BUDGET_JSON``: a training that was killed goes on with it,
    whatever its machine is busy with then.
    """

    def __init__(
        self,
        settings: TrainSettings,
        length: Length,
        begin_step: int,
        skipped: int,
        left_seconds: float,
        validation_seconds: float,
        write: Callable[[Budget], None],
        agree: Agree,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Creates the callback.

        Args:
          settings: of the training.
          length: gets the decision.
          begin_step: steps of the training before the phase with this callback.
          skipped: steps of the phase that a training which goes on has done already.
          left_seconds: time left for the training from now on.
          validation_seconds: time of one validation.
          write: keeps the decision.
          agree: see ``Agree``; each machine calls it after the same steps.
          clock: returns seconds.
        """
        super().__init__()
        self._settings = settings
        self._length = length
        self._begin_step = begin_step
        self._skipped = skipped
        self._ends_at = clock() + left_seconds
        self._least_seconds = min(_LEAST_SECONDS, _LEAST_SHARE * 60 * settings.minutes)
        self._validation_seconds = validation_seconds
        self._write = write
        self._agree = agree
        self._clock = clock
        self._taken = 0
        self._next_look = _WARM_UP + _FIRST_MEASURED
        self._began, self._began_at = 0, 0.0
        self._epoch = 0
        self._last_at: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the epoch, from 0, and how long the end of the last one took."""
        self._epoch = epoch
        if self._last_at is not None:
            self._validation_seconds = self._clock() - self._last_at
            self._began_at += self._validation_seconds

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Looks at the clock after some steps, and decides once they took long enough."""
        done = self._epoch * self._length.steps_per_epoch + batch + 1
        if self._length.steps is not None or done <= self._begin_step + self._skipped:
            return
        before, self._taken = self._taken, done - self._begin_step - self._skipped
        if before < _WARM_UP <= self._taken:
            self._wait_for_step()
            self._began, self._began_at = self._taken, self._clock()
        elif self._taken >= self._next_look:
            self._wait_for_step()
            seconds = self._agree(self._clock() - self._began_at)
            if seconds < self._least_seconds and self._agree(self._ends_at - self._clock()) > 0:
                self._next_look *= 2
            else:
                self._decide(seconds / (self._taken - self._began), done)
        self._last_at = self._clock()

    def _wait_for_step(self) -> None:
        # A GPU computes while Python goes on; reading a variable waits for it.
        keras.ops.convert_to_numpy(self.model.optimizer.iterations)

    def _decide(self, step_seconds: float, done: int) -> None:
        per_epoch = self._length.steps_per_epoch
        validation = self._agree(self._validation_seconds)
        left = self._agree(self._ends_at - self._clock()) - validation
        more = int(left / (step_seconds + validation / per_epoch))
        steps = max(done + more, self._begin_step + _LEAST_FACTOR * (done - self._begin_step))
        self._length.steps = steps
        schedule = schedule_of(self.model)
        if schedule is not None:
            own = steps - self._begin_step
            warmup = schedules.warmup_steps(self._settings, own, per_epoch)
            schedule.set_length(warmup, own)
        _LOGGER.info(
            "%.1f ms a step, %.1f s a validation: %d steps, %d epochs, in %g minutes",
            1000 * step_seconds,
            validation,
            steps,
            self._length.epochs,
            self._settings.minutes,
        )
        self._write(
            Budget(
                minutes=self._settings.minutes,
                steps=steps,
                ms_per_step=1000 * step_seconds,
                validation_seconds=validation,
            )
        )


def validation_seconds(
    model: keras.Model, validation: tf.data.Dataset, examples: int, agree: Agree
) -> float:
    """Returns the time that a validation will take, by that of a few batches.

    Args:
      model: compiled; its variables stay as they are.
      validation: batches of equal size, but for the last.
      examples: in all batches; 0 for a validation whose time is not counted.
      agree: see ``Agree``.
    """
    if not examples:
        return 0.0
    batch_size = next(iter(validation.take(1).map(lambda *batch: tf.shape(batch[0])[0]))).numpy()
    model.evaluate(validation.take(_WARM_UP), verbose=0)
    began = time.monotonic()
    model.evaluate(validation.take(_FIRST_MEASURED), verbose=0)
    measured = min(examples, _FIRST_MEASURED * int(batch_size))
    return agree((time.monotonic() - began) * examples / measured)


def write(document: Budget, *folders: str) -> None:
    """Writes ``artifacts.BUDGET_JSON`` into each of the folders."""
    for folder in folders:
        tf.io.gfile.makedirs(folder)
        write_whole(os.path.join(folder, artifacts.BUDGET_JSON), json.dumps(document, indent=1))


def _decided(folder: str, run_dir: str) -> int | None:
    path = os.path.join(folder, artifacts.BUDGET_JSON)
    if not tf.io.gfile.exists(path):
        return None
    tf.io.gfile.makedirs(run_dir)
    tf.io.gfile.copy(path, os.path.join(run_dir, artifacts.BUDGET_JSON), overwrite=True)
    with tf.io.gfile.GFile(path) as file:
        document: Budget = json.loads(file.read())
    _LOGGER.info("The training goes on with the length that it had decided: %s", document)
    return document["steps"]
