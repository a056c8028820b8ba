"""Keras callbacks: progress reports, two more columns of the curves, and a stop on NaN.

None of them looks at a step's figures more than twice a second. Each look waits until the step is
computed, and a GPU that has to wait for Python in each step stands still in between.
"""

import math
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models.settings.training_choices import MACRO_F1
from models.training import checkpoints
from models.training.length import Length
from system import progress

_SECONDS_BETWEEN_LOOKS = 0.5

Logs = Mapping[str, Any] | None
"""Keras' figures so far, by name."""


class TrainingDivergedError(RuntimeError):
    """The loss is NaN or infinite; the training cannot recover from that."""


class LazyCallbackList(keras.callbacks.CallbackList):
    """Keras' list, which hands a step's figures on as they are.

    Keras 3.12 turns them into Python numbers after every step, which waits for the step, unless it
    may call the callbacks from several threads at once. Ours read the model's variables and are
    called in turn.
    """

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Calls the callbacks; ``logs`` may be tensors that are not computed yet."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)


class ReportProgress(keras.callbacks.Callback):
    """Reports the steps through ``system.progress``, about twice a second.

    Attributes:
      images_per_second: of each epoch's steps that were seen, without its validation.
    """

    def __init__(
        self,
        length: Length,
        done: int = 0,
        task: str = "train",
        *,
        batch_size: int = 0,
        device: str = "",
    ) -> None:
        """Creates the callback.

        Args:
          length: of the training.
          done: steps of an earlier run that this one goes on from.
          task: name in the reports.
          batch_size: examples a step; 0 leaves out the speed.
          device: name of what computes, for the reports.
        """
        super().__init__()
        self._task = task
        self._length = length
        self._batch_size = batch_size
        self._device = device
        self._epoch = 0
        self._unreported = done
        self._reported_at = -math.inf
        self._speed = 0.0
        self._validated = ""
        self.images_per_second: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the epoch, from 0."""
        self._epoch = epoch
        self._taken, self._seen, self._seen_at = 0, 0, 0.0
        self._is_measured = False

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Counts the steps, and reports if the last report is old."""
        self._unreported += batch + 1 - self._taken
        self._taken = batch + 1
        if time.monotonic() - self._reported_at >= _SECONDS_BETWEEN_LOOKS:
            loss = number_of(logs, "loss")  # Waits for the step.
            self._measure(time.monotonic())
            self._report(loss)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Reports the epoch's last steps with the validation figures."""
        self._validated = f" val macro-F1 {(logs or {}).get(f'val_{MACRO_F1}', math.nan):.3f}"
        if self._is_measured:
            self.images_per_second.append(self._speed)
        self._report(number_of(logs, "loss"))

    def _report(self, loss: float) -> None:
        epochs = f"/{self._length.epochs}" if self._length.steps is not None else ""
        note = f"epoch {self._epoch + 1}{epochs} loss {loss:.3f}{self._validated}"
        if self._speed:
            note += f", {self._speed:,.0f} images/s"
        if self._device:
            note += f" on {self._device}"
        progress.report(self._task, self._unreported, self._length.steps or 0, "steps", note)
        self._unreported = 0
        self._reported_at = time.monotonic()

    def _measure(self, now: float) -> None:
        """Measures the speed since the epoch's first look; its first steps may be compiled."""
        if not self._seen:
            self._seen, self._seen_at = self._taken, now
        elif self._batch_size and now > self._seen_at:
            self._speed = (self._taken - self._seen) * self._batch_size / (now - self._seen_at)
            self._is_measured = True


class LogRateAndTime(keras.callbacks.Callback):
    """Adds the learning rate and the epoch's seconds to its other figures."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the time."""
        self._begin = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds ``learning_rate`` and ``seconds``, validation included, for later callbacks."""
        if logs is not None:
            logs["learning_rate"] = _learning_rate(self.model)
            logs["seconds"] = time.monotonic() - self._begin


class StopOnNan(keras.callbacks.Callback):
    """Ends the training with an error soon after the loss is not finite.

    The mean loss of an epoch stays NaN after a single step with NaN, so that a look now and then
    is enough. Nothing is kept in between: each epoch's end and each backup looks first.
    """

    def __init__(self, best: str, run_dir: str) -> None:
        """Creates the callback.

        Args:
          best: path of the best epoch's checkpoint, which need not exist yet.
          run_dir: folder of the checkpoint.
        """
        super().__init__()
        self._best = best
        self._run_dir = run_dir
        self._looked_at = -math.inf

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Looks at the epoch's mean loss so far, if the last look is old."""
        if time.monotonic() - self._looked_at >= _SECONDS_BETWEEN_LOOKS:
            self.look(logs, f"in batch {batch} of the epoch, or since the last look")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the epoch's mean loss."""
        self.look(logs, f"in epoch {epoch + 1}")

    def look(self, logs: Logs, when: str) -> None:
        """Raises TrainingDivergedError if the loss is not finite.

        Args:
          logs: a step's or an epoch's figures.
          when: text for the error.
        """
        loss = number_of(logs, "loss")
        self._looked_at = time.monotonic()
        if not math.isfinite(loss):
            rate = _learning_rate(self.model)
            raise TrainingDivergedError(
                f"The loss must stay finite. Received: {loss} {when}. "
                f"Lower train.learning_rate (the rate is {rate:g}). {self._last_good()}"
            )

    def _last_good(self) -> str:
        if not tf.io.gfile.exists(self._best):
            return "No epoch had ended: there are no good weights to keep"
        kept = checkpoints.rescue(self._best, self._run_dir)
        return f"The best epoch's weights are kept: model.weights={kept} goes on from them"


def number_of(logs: Logs, name: str) -> float:
    """Returns one of a step's figures, which may be a tensor; waits until it is computed."""
    value = keras.ops.convert_to_numpy((logs or {})[name])
    return float(np.ravel(value)[0])  # On several machines a figure has the shape [1].


def _learning_rate(model: keras.Model) -> float:
    # float() alone would fail where several devices hold a copy each.
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
