"""The order in which the search tries values."""

from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus
from keras_tuner.oracles import RandomSearchOracle

from models.settings.training_choices import MACRO_F1
from models.tuning.settings import Space, TuneSettings

OBJECTIVE = f"val_{MACRO_F1}"


class OwnValuesFirst(RandomSearchOracle):
    """Random search that begins with the run's own settings, so that the best is no worse."""

    def __init__(self, space: Space, tune: TuneSettings, may_begin: Callable[[], bool]) -> None:
        self._may_begin = may_begin
        hyperparameters = keras_tuner.HyperParameters()
        for name, values in space.items():
            hyperparameters.Choice(name, values, default=values[0])
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=tune.trials,
            seed=tune.seed + 1,  # keras-tuner takes 0 for no seed.
            hyperparameters=hyperparameters,
            allow_new_entries=False,
            # keras-tuner would end the search after failures in a row; here the budget ends it.
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
