"""Random search with a memory, by keras-tuner: which values are tried, and what came of it.

What a trial does is handed in; ``models.tuner`` makes it a training.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError
from keras_tuner.oracles import RandomSearchOracle

from models.settings import MACRO_F1
from models.training.callbacks import TrainingDivergedError
from models.tuning.settings import Space, TuneSettings, Value
from system import progress

_LOGGER = logging.getLogger(__name__)

OBJECTIVE = f"val_{MACRO_F1}"
MEMORY = "trials"
"""Folder that keras-tuner keeps the trials in, below the search's."""

RunTrial = Callable[[str, Mapping[str, Value]], float]
"""Takes a trial's name and values and returns its objective."""


class TuningFailedError(RuntimeError):
    """No trial has ended with a figure."""


class Search(BaseTuner):
    """Tries values, the run's own first, and remembers in a folder what came of them.

    A search that is constructed again with the folder of one that was killed goes on: the
    trial that was cut off is repeated, those that have ended count.
    """

    def __init__(
        self,
        run: RunTrial,
        choices: Space,
        tune: TuneSettings,
        folder: str,
        agree: Callable[[float], float] = lambda seconds: seconds,
    ) -> None:
        """Creates the search.

        Args:
          run: what a trial does.
          choices: what to choose from.
          tune: the budget.
          folder: of the memory.
          agree: makes one figure of those that several machines, which search in step, measured.
        """
        self._run = run
        self._agree = agree
        self._tune = tune
        self._took: dict[str, float] = {}
        try:
            self._remember(choices, folder, overwrite=False)
        except json.JSONDecodeError as error:
            # keras-tuner 1.4 writes in place: a kill may leave half a file.
            _LOGGER.warning("The search begins anew: its memory in %s is broken: %s", folder, error)
            self._remember(choices, folder, overwrite=True)

    def _remember(self, choices: Space, folder: str, *, overwrite: bool) -> None:
        budget = 60 * self._tune.minutes
        oracle = _OwnValuesFirst(choices, self._tune, lambda: self._seconds() < budget)
        super().__init__(oracle, directory=folder, project_name=MEMORY, overwrite=overwrite)
        # In the order of their beginning, which of equals makes the first the best. A trial
        # that keras-tuner was just noting down when it was killed is none yet.
        oracle.trials = {trial: oracle.trials[trial] for trial in oracle.start_order}

    def get_state(self) -> dict[str, Any]:
        """Returns what keras-tuner keeps beside the trials (called by it)."""
        return {"seconds": self._took}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes it back."""
        self._took = dict(state["seconds"])

    def on_search_begin(self) -> None:
        """Tells how many trials an earlier, killed search has left (called by keras-tuner)."""
        self._tell(len(self.oracle.end_order))

    def run_trial(self, trial: Trial, **_: Any) -> dict[str, float]:
        """Runs one trial (called by keras-tuner).

        A loss that is no number is a result: the values are bad. Any other error would meet
        the next trial too, and ends the search.
        """
        values = trial.hyperparameters.values
        began = time.monotonic()
        try:
            score = self._run(f"trial {trial.trial_id}", values)
        except TrainingDivergedError as diverged:
            self._note_time(trial, began)
            _LOGGER.warning("Trial %s failed with %s: %s", trial.trial_id, values, diverged)
            raise FailedTrialError(str(diverged)) from diverged
        except Exception as other:
            raise FatalError(f"Trial {trial.trial_id} with {values}: {other}") from other
        self._note_time(trial, began)
        _LOGGER.info("Trial %s: %s %.4f with %s", trial.trial_id, OBJECTIVE, score, values)
        return {OBJECTIVE: score}

    def _note_time(self, trial: Trial, began: float) -> None:
        self._took[trial.trial_id] = round(self._agree(time.monotonic() - began), 3)

    def on_trial_end(self, trial: Trial) -> None:
        """Saves what came of it (called by keras-tuner)."""
        super().on_trial_end(trial)
        self._tell(1)

    def on_search_end(self) -> None:
        """Refuses to name a best trial where there is none (called by keras-tuner)."""
        if self._best() is None:
            raise TuningFailedError(
                f"A trial at least must end with a {OBJECTIVE}. Received: {len(self._took)} "
                "trials whose loss was no number. Lower train.learning_rate and the values of "
                "tune.learning_rate"
            )

    def table(self) -> dict[str, Any]:
        """Returns ``artifacts.TRIALS_JSON`` but for its ``rows``."""
        best = self._best()
        trials = [self.oracle.trials[trial] for trial in self.oracle.start_order]
        return {
            "objective": OBJECTIVE,
            "epochs": self._tune.trial_epochs,
            "ended_by": self._ended_by(),
            "best": best and best.trial_id,
            "trials": [
                {
                    "trial": trial.trial_id,
                    "values": trial.hyperparameters.values,
                    "status": trial.status.lower(),
                    "score": trial.score,
                    "seconds": self._took.get(trial.trial_id),
                }
                for trial in trials
            ],
        }

    def _best(self) -> Trial | None:
        (best,) = self.oracle.get_best_trials(1) or [None]
        return best if best is not None and best.status == TrialStatus.COMPLETED else None

    def _seconds(self) -> float:
        return math.fsum(self._took.values())

    def _ended_by(self) -> str:
        if len(self.oracle.trials) >= self._tune.trials:
            return "trials"
        return "minutes" if self._seconds() >= 60 * self._tune.minutes else "choices"

    def _tell(self, advance: int) -> None:
        best = self._best()
        note = f"best macro-F1 {best.score:.3f}" if best else ""
        progress.report("tune", advance, self._tune.trials, "trials", note)


class _OwnValuesFirst(RandomSearchOracle):
    """Random search that begins with the run's own settings, so that the best is no worse."""

    def __init__(self, choices: Space, tune: TuneSettings, may_begin: Callable[[], bool]) -> None:
        self._may_begin = may_begin
        values = keras_tuner.HyperParameters()
        for name, known in choices.items():
            values.Choice(name, known, default=known[0])
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=tune.trials,
            seed=tune.seed + 1,  # keras-tuner takes 0 for no seed.
            hyperparameters=values,
            allow_new_entries=False,
            # It would end the search for failures in a row; the budget ends it.
            max_consecutive_failed_trials=tune.trials + 1,
        )
        self.verbose = 0

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the next trial's values (called by keras-tuner)."""
        if not self._may_begin():
            return {"status": TrialStatus.STOPPED, "values": None}
        if not self.start_order:
            own = {choice.name: choice.default for choice in self.hyperparameters.space}
            return {"status": TrialStatus.RUNNING, "values": own}
        return super().populate_space(trial_id)
