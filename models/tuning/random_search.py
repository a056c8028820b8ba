"""Random search for settings, by keras-tuner, with trials that are kept in a folder.

The function that runs a trial is an argument; in ``models.tuner`` it is a training.
"""

import io
import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError

from dataset import scores
from models.training.callbacks import TrainingDivergedError
from models.tuning.gain import Matrices, gain_interval
from models.tuning.oracle import OBJECTIVE, OwnValuesFirst
from models.tuning.settings import Space, TuneSettings, Value
from schemas.documents.intervals import Interval
from schemas.documents.tuning import Search, TrialRecord
from system import progress
from system.storage import whole

_LOGGER = logging.getLogger(__name__)

MEMORY = "trials"
"""Folder in which keras-tuner keeps the trials, below that of the search."""

COUNTS = "counts"
"""Folder with each trial's confusion matrices, below that of the search."""

RunTrial = Callable[[str, Mapping[str, Value]], Matrices]
"""Takes a trial's name and values and returns its predictions' counts, from which it is scored."""


class TuningFailedError(RuntimeError):
    """No trial has ended with a finite loss."""


class RandomSearch(BaseTuner):
    """Random search over settings that tries the run's own values first.

    A trial is the best only if its macro-F1 is above that of the own values beyond noise: the
    interval of the difference, by resampling animals or clips and corrected for the number of
    trials, lies above 0. Otherwise the own values stay. Chance in the training itself is not part
    of that noise, because each trial is trained once.

    The trials are kept in a folder. A search that was killed goes on when it is constructed again
    with the same folder: the trial that was cut off is repeated, and those that have ended count.

    Example:
      >>> def run_trial(name: str, values: Mapping[str, Value]) -> Matrices:
      ...     right = 1.0 if values["train.learning_rate"] == 1e-3 else 0.0
      ...     rows = [[[right, 1 - right, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]]
      ...     return np.array(rows * 20, np.float64)
      >>> space = {"train.learning_rate": [1e-4, 1e-3]}
      >>> search = RandomSearch(run_trial, space, TuneSettings(trials=2), "/tmp/search")
      >>> search.search()
      >>> search.table()["trials"][1]["score"]
      1.0
    """

    def __init__(
        self,
        run: RunTrial,
        space: Space,
        tune: TuneSettings,
        folder: str,
        synchronise: Callable[[float], float] = lambda number: number,
    ) -> None:
        """Creates the search.

        Args:
          run: runs a trial.
          space: values to choose from.
          tune: the budget.
          folder: of the trials.
          synchronise: for several machines that search together: returns the same duration or
            score of a trial on each, whatever each has measured.
        """
        self._run = run
        self._synchronise = synchronise
        self._tune = tune
        self._counts_folder = os.path.join(folder, COUNTS)
        self._trial_seconds: dict[str, float] = {}
        self._gains: dict[tuple[str, int], Interval] = {}
        try:
            self._open(space, folder, overwrite=False)
        except json.JSONDecodeError as error:
            # keras-tuner 1.4 writes in place: a kill may leave half a file.
            _LOGGER.warning("The search begins anew: its memory in %s is broken: %s", folder, error)
            self._open(space, folder, overwrite=True)

    def _open(self, space: Space, folder: str, *, overwrite: bool) -> None:
        """Loads the trials of the folder, or creates it."""
        budget = 60 * self._tune.minutes
        oracle = OwnValuesFirst(space, self._tune, lambda: self._total_seconds() < budget)
        super().__init__(oracle, directory=folder, project_name=MEMORY, overwrite=overwrite)
        # In the order in which they began: of equal scores the first is the best. A trial that
        # keras-tuner was writing when it was killed does not count.
        oracle.trials = {trial: oracle.trials[trial] for trial in oracle.start_order}

    def get_state(self) -> dict[str, Any]:
        """Returns the state that keras-tuner keeps beside the trials (called by it)."""
        return {"seconds": self._trial_seconds}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state (called by keras-tuner)."""
        self._trial_seconds = dict(state["seconds"])

    def on_search_begin(self) -> None:
        """Reports the trials of an earlier search that was killed (called by keras-tuner)."""
        self._report(len(self.oracle.end_order))

    def run_trial(self, trial: Trial, **_: Any) -> dict[str, float]:
        """Runs one trial (called by keras-tuner).

        A loss that is NaN or infinite is a result: the values are bad. Any other error would
        happen in the next trial too, and ends the search.
        """
        values = trial.hyperparameters.values
        began = time.monotonic()
        try:
            matrices = self._run(f"trial {trial.trial_id}", values)
        except TrainingDivergedError as diverged:
            self._note_time(trial, began)
            _LOGGER.warning("Trial %s failed with %s: %s", trial.trial_id, values, diverged)
            raise FailedTrialError(str(diverged)) from diverged
        except Exception as other:
            raise FatalError(f"Trial {trial.trial_id} with {values}: {other}") from other
        self._note_time(trial, began)
        self._write_counts(trial, matrices)
        score = self._synchronise(float(scores.macro_f1(matrices.sum(axis=0))))
        _LOGGER.info("Trial %s: %s %.4f with %s", trial.trial_id, OBJECTIVE, score, values)
        return {OBJECTIVE: score}

    def _note_time(self, trial: Trial, began: float) -> None:
        seconds = self._synchronise(time.monotonic() - began)
        self._trial_seconds[trial.trial_id] = round(seconds, 3)

    def _write_counts(self, trial: Trial, matrices: Matrices) -> None:
        tf.io.gfile.makedirs(self._counts_folder)
        with whole(self._counts_path(trial)) as partial, tf.io.gfile.GFile(partial, "wb") as file:
            np.save(file, matrices)

    def _counts_path(self, trial: Trial) -> str:
        return os.path.join(self._counts_folder, f"{trial.trial_id}.npy")

    def _counts(self, trial: Trial) -> Matrices:
        with tf.io.gfile.GFile(self._counts_path(trial), "rb") as file:
            matrices: Matrices = np.load(io.BytesIO(file.read()), allow_pickle=False)
        return matrices

    def on_trial_end(self, trial: Trial) -> None:
        """Saves the trial's result and reports it (called by keras-tuner)."""
        super().on_trial_end(trial)
        self._report(1)

    def on_search_end(self) -> None:
        """Checks that there is a best trial (called by keras-tuner).

        Raises:
          TuningFailedError: if all trials have failed.
        """
        if self._best() is None:
            raise TuningFailedError(
                f"At least one trial must end with a {OBJECTIVE}. Received: "
                f"{len(self._trial_seconds)} trials with a loss that is NaN or infinite. Lower "
                "train.learning_rate and the values of tune.learning_rate"
            )

    def table(self) -> Search:
        """Returns ``artifacts.TRIALS_JSON`` without its ``rows``."""
        best = self._best()
        trials = [self.oracle.trials[trial_id] for trial_id in self.oracle.start_order]
        return Search(
            objective=OBJECTIVE,
            epochs=self._tune.trial_epochs,
            ended_by=self._ended_by(),
            best=best and best.trial_id,
            trials=[
                TrialRecord(
                    trial=trial.trial_id,
                    values=trial.hyperparameters.values,
                    status=trial.status.lower(),
                    score=trial.score,
                    gain=self._gain(trial),
                    seconds=self._trial_seconds.get(trial.trial_id),
                )
                for trial in trials
            ],
        )

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[Any]:
        """Returns the values that the Trainer is given (called by TFX)."""
        del num_trials
        best = self._best()
        return [best.hyperparameters] if best else []

    def _own(self) -> Trial | None:
        """Returns the trial of the run's own values; None if it failed or has not ended."""
        first = self.oracle.trials.get(next(iter(self.oracle.start_order), ""))
        return first if first is not None and first.status == TrialStatus.COMPLETED else None

    def _best(self) -> Trial | None:
        ended = [
            trial
            for trial in self.oracle.get_best_trials(len(self.oracle.trials) or 1)
            if trial.status == TrialStatus.COMPLETED
        ]
        own = self._own()
        if own is None:
            return ended[0] if ended else None
        better = (
            trial for trial in ended if (gain := self._gain(trial)) is not None and gain[0] > 0
        )
        return next(better, own)

    def _gain(self, trial: Trial) -> Interval:
        """Returns the interval of a trial's macro-F1 less that of the own values.

        None for the own trial, one without a score, and where the own values have none.
        """
        own = self._own()
        if own is None or trial is own or trial.status != TrialStatus.COMPLETED:
            return None
        tests = max(1, len(self.oracle.end_order) - 1)
        key = (trial.trial_id, tests)
        if key not in self._gains:
            self._gains[key] = gain_interval(self._counts(trial), self._counts(own), tests)
        return self._gains[key]

    def _total_seconds(self) -> float:
        return math.fsum(self._trial_seconds.values())

    def _ended_by(self) -> Literal["trials", "minutes", "choices"]:
        if len(self.oracle.trials) >= self._tune.trials:
            return "trials"
        return "minutes" if self._total_seconds() >= 60 * self._tune.minutes else "choices"

    def _report(self, advance: int) -> None:
        best = self._best()
        note = f"best macro-F1 {best.score:.3f}" if best else ""
        progress.report("tune", advance, self._tune.trials, "trials", note)
