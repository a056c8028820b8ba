"""Resumption: a training that was killed goes on where its last backup was made.

``keras.callbacks.BackupAndRestore`` restores weights, optimiser and epoch. It begins the epoch
again, on other data. It forgets how long early stopping has waited, which epoch was the best,
what the metrics had counted, and the curves.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from models.training.backup import Backup, Backups
from schemas import artifacts

_LOGGER = logging.getLogger(__name__)

_REMEMBERED = ("wait", "best", "cooldown_counter", "anneal_begin", "last_epoch")
"""Attributes in which our StopWithoutGain and Keras' ReduceLROnPlateau and ModelCheckpoint remember
earlier epochs."""

_FILES = (artifacts.CURVES_CSV, artifacts.CHECKPOINT_KERAS)


class TrainingPosition(NamedTuple):
    """Progress of a training.

    Attributes:
      epoch: current epoch, from 0.
      step: steps of that epoch that are done.
    """

    epoch: int
    step: int


class Resumption:
    """Start of a training from a backup, and the backups that it makes."""

    def __init__(self, backups: Backups, run_dir: str, minutes: float) -> None:
        """Looks for a backup and puts its files into ``run_dir``.

        Args:
          backups: of this training.
          run_dir: gets the curves so far and the best checkpoint.
          minutes: between backups within an epoch; 0 makes them at its end only.
        """
        self._backups = backups
        self._files = [os.path.join(run_dir, name) for name in _FILES]
        self._seconds = 60 * minutes
        self._last_success = time.monotonic()
        self._backup = backups.newest()
        if self._backup is not None:
            for name in _FILES:
                self._backup.copy_file(name, run_dir)
            _LOGGER.info("Going on from the backup %s at %s", self._backup.folder, self.position)

    @property
    def position(self) -> TrainingPosition:
        """Position of the backup; the very beginning if there is none."""
        return _position(self._backup) if self._backup is not None else TrainingPosition(0, 0)

    def restore_weights(self, model: keras.Model) -> None:
        """Restores the model's weights, moving statistics and random generators from the backup."""
        if self._backup is not None:
            _assign(model.variables, self._backup.arrays["model"])

    def callback(
        self,
        network: keras.Model,
        metrics: Sequence[keras.metrics.Metric],
        stateful_callbacks: Sequence[keras.callbacks.Callback],
        check: Callable[[Any, str], None],
    ) -> keras.callbacks.Callback:
        """Returns the callback that restores the backup and makes new ones; to be the last.

        Args:
          network: is backed up, also while a part of it is trained alone.
          metrics: all figures that the model counts while it trains.
          stateful_callbacks: callbacks that remember earlier epochs, each of another class.
          check: called with a step's figures before a backup; raises if they are no good.
        """
        backup, self._backup = self._backup, None  # For one phase: a later one begins afresh.
        return _BackupCallback(
            self._write, network, backup, self._seconds, metrics, stateful_callbacks, check
        )

    def note_phase(self, model: keras.Model, end: int) -> None:
        """Makes a backup at the end of a phase, whose last epoch is ``end - 1``."""
        self._write(TrainingPosition(end, 0), {"model": model.variables}, {})

    def _write(
        self,
        position: TrainingPosition,
        variables: Mapping[str, Sequence[Any]],
        memory: Mapping[str, Any],
    ) -> None:
        arrays = {
            group: [keras.ops.convert_to_numpy(variable) for variable in members]
            for group, members in variables.items()
        }
        state = {"place": position, "memory": memory}
        try:
            self._backups.write(state, arrays, self._files)
        # A full or failing disk must not end a training of days that could go on without a backup.
        except (OSError, tf.errors.OpError) as error:
            minutes = (time.monotonic() - self._last_success) / 60
            _LOGGER.warning(
                "No backup of the training could be made for %.0f min. A kill now would cost that "
                "time; the next backup is tried as usual. Received: %s",
                minutes,
                error,
            )
        else:
            self._last_success = time.monotonic()


class _BackupCallback(keras.callbacks.Callback):
    """Restores a model from a backup when ``fit`` begins, and makes backups during ``fit``.

    Keras begins again an epoch that was under way. The steps that are done are skipped: nothing
    is computed, and no batch is taken, because the stream begins after them.
    """

    def __init__(
        self,
        write: Callable[..., None],
        network: keras.Model,
        backup: Backup | None,
        seconds: float,
        metrics: Sequence[keras.metrics.Metric],
        stateful_callbacks: Sequence[keras.callbacks.Callback],
        check: Callable[[Any, str], None],
    ) -> None:
        super().__init__()
        self._write = write
        self._network = network
        self._check = check
        # A backup between two phases has weights alone, and they are in the model already.
        self._backup = backup if backup is not None and "optimizer" in backup.arrays else None
        self._seconds = seconds
        self._metrics = metrics
        self._stateful_callbacks = {type(each).__name__: each for each in stateful_callbacks}
        self._steps_to_skip = _position(self._backup).step if self._backup else 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Restores the optimiser and the memory of the other callbacks."""
        self._position: TrainingPosition | None = None
        self._written_at = time.monotonic()
        if self._backup is None:
            return
        _assign(self.model.optimizer.variables, self._backup.arrays["optimizer"])
        for name, memory in self._backup.state["memory"].items():
            vars(self._stateful_callbacks[name]).update(memory)
        if self._steps_to_skip:
            self._skip_steps(self._steps_to_skip)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Backs up the epoch that has ended; in the first, restores the metrics instead."""
        is_first, self._position = self._position is None, TrainingPosition(epoch, 0)
        if not is_first:
            # Now and not at the end of the last epoch: averaged weights were swapped in then.
            self._back_up()
        elif self._backup is not None:
            _assign(_variables(self._metrics), self._backup.arrays["metrics"])
            self._backup = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Makes a backup when it is time; not after the last step, as the epoch's follows soon."""
        self._position = TrainingPosition(self._position.epoch if self._position else 0, batch + 1)
        is_due = time.monotonic() - self._written_at >= self._seconds
        is_last = batch + 1 == self.params["steps"]
        if self._seconds and is_due and not is_last and batch >= self._steps_to_skip:
            self._check(logs, f"in batch {batch} of the epoch, or since the last look")
            self._back_up()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends the skipping of steps."""
        self._steps_to_skip = 0

    def _skip_steps(self, steps: int) -> None:
        take_step, left = self.model.train_function, steps

        def skip_step(iterator: Any) -> dict[str, Any]:
            nonlocal left
            left -= self.model.steps_per_execution
            if not left:
                self.model.train_function = take_step
            return {"loss": self._metrics[0].result()}

        self.model.train_function = skip_step

    def _back_up(self) -> None:
        variables = {
            "model": self._network.variables,
            "optimizer": self.model.optimizer.variables,
            "metrics": _variables(self._metrics),
        }
        memory = {
            name: {key: _json_number(vars(each)[key]) for key in _REMEMBERED if key in vars(each)}
            for name, each in self._stateful_callbacks.items()
        }
        self._write(self._position, variables, memory)
        self._written_at = time.monotonic()


def _position(backup: Backup) -> TrainingPosition:
    return TrainingPosition(*backup.state["place"])


def _variables(metrics: Sequence[keras.metrics.Metric]) -> list[Any]:
    return [variable for metric in metrics for variable in metric.variables]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _json_number(value: Any) -> float | int | None:
    """Returns a callback's number, maybe NumPy's, as a type that JSON can hold."""
    return value if value is None or isinstance(value, int) else float(value)
