"""The early end of a training that no longer gains."""

import logging
import math

import keras

from models.settings.training import TrainSettings
from models.training import criterion
from models.training.callbacks import Logs
from models.training.length import Length
from models.training.schedules import schedule_of

_LOGGER = logging.getLogger(__name__)


class StopWithoutGain(keras.callbacks.Callback):
    """Ends a training that no longer gains; cosine's rate first falls to its final value.

    Attributes:
      best: highest figure that was a gain.
      wait: epochs since then.
      anneal_begin: step of the optimiser at which the annealing began; -1 before.
      last_epoch: epoch with which the training ends then, from 0.
    """

    def __init__(self, settings: TrainSettings, length: Length) -> None:
        """Creates the callback.

        Args:
          settings: the criterion, ``early_stopping_patience`` and ``anneal_epochs``.
          length: of the training, which an annealing shortens.
        """
        super().__init__()
        self._settings = settings
        self._monitor = criterion.monitor(settings)
        self._length = length
        self.best, self.wait = -math.inf, 0
        self.anneal_begin, self.last_epoch = -1, -1

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Sets the schedule and the length, also those of a training that goes on annealing."""
        if self.anneal_begin < 0:
            return
        schedule = schedule_of(self.model)
        if schedule is not None:
            steps = self._settings.anneal_epochs * self._length.steps_per_epoch
            schedule.anneal(self.anneal_begin, steps)
        self._length.steps = (self.last_epoch + 1) * self._length.steps_per_epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Counts the epoch, and begins the end if too many had no gain."""
        if self.anneal_begin >= 0:
            return
        figure = (logs or {})[self._monitor]
        if figure > self.best + self._settings.min_gain:
            self.best, self.wait = float(figure), 0
            return
        self.wait += 1
        if self.wait < self._settings.early_stopping_patience:
            return
        if schedule_of(self.model) is None:
            _LOGGER.info("No gain in %d epochs: the training ends", self.wait)
            self.model.stop_training = True
        # Nearer to its end, the planned annealing is as short.
        elif self._length.epochs - (epoch + 1) > self._settings.anneal_epochs:
            self.anneal_begin = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
            self.last_epoch = epoch + self._settings.anneal_epochs
            _LOGGER.info(
                "No gain in %d epochs: the rate falls until epoch %d, the last",
                self.wait,
                self.last_epoch + 1,
            )
