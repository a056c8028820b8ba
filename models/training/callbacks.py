"""Keras callbacks: progress reports, two more columns of the curves, and a stop on NaN."""

import math
import time
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from models.settings import MACRO_F1
from models.training import checkpoints
from system import progress

_SECONDS_BETWEEN_REPORTS = 0.5

Logs = Mapping[str, Any] | None
"""Keras' figures so far, by name."""


class TrainingDivergedError(RuntimeError):
    """The loss is NaN or infinite; the training cannot recover from that."""


class ReportProgress(keras.callbacks.Callback):
    """Reports the steps through ``system.progress``, about twice a second."""

    def __init__(
        self, epochs: int, steps_per_epoch: int, done: int = 0, task: str = "train"
    ) -> None:
        """Creates the callback.

        Args:
          epochs: of the training.
          steps_per_epoch: batches an epoch.
          done: steps of an earlier run that this one goes on from.
          task: name in the reports.
        """
        super().__init__()
        self._task = task
        self._epochs = epochs
        self._total = epochs * steps_per_epoch
        self._epoch = 0
        self._unreported = done
        self._reported_at = -math.inf
        self._validated = ""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the epoch, from 0."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Counts a step, and reports if the last report is old."""
        self._unreported += 1
        if time.monotonic() - self._reported_at >= _SECONDS_BETWEEN_REPORTS:
            self._report(logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Reports the epoch's last steps with the validation figures."""
        self._validated = f" val macro-F1 {(logs or {}).get(f'val_{MACRO_F1}', math.nan):.3f}"
        self._report(logs)

    def _report(self, logs: Logs) -> None:
        loss = (logs or {}).get("loss", math.nan)
        note = f"epoch {self._epoch + 1}/{self._epochs} loss {loss:.3f}{self._validated}"
        progress.report(self._task, self._unreported, self._total, "steps", note)
        self._unreported = 0
        self._reported_at = time.monotonic()


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
    """Ends the training with an error as soon as the loss is not finite."""

    def __init__(self, best: str, run_dir: str) -> None:
        """Creates the callback.

        Args:
          best: path of the best epoch's checkpoint, which need not exist yet.
          run_dir: folder of the checkpoint.
        """
        super().__init__()
        self._best = best
        self._run_dir = run_dir

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Checks the epoch's mean loss so far, which stays NaN after a single step with NaN."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            rate = _learning_rate(self.model)
            raise TrainingDivergedError(
                f"The loss must stay finite. Received: {loss} in batch {batch} of the epoch. "
                f"Lower train.learning_rate (the rate is {rate:g}). {self._last_good()}"
            )

    def _last_good(self) -> str:
        if not tf.io.gfile.exists(self._best):
            return "No epoch had ended: there are no good weights to keep"
        kept = checkpoints.rescue(self._best, self._run_dir)
        return f"The best epoch's weights are kept: model.weights={kept} goes on from them"


def _learning_rate(model: keras.Model) -> float:
    # float() alone would fail where several devices hold a copy each.
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
