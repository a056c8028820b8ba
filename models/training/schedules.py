"""The learning rate over the steps of a training."""

import math
from typing import Any

import keras

from models.settings.training import TrainSettings
from models.settings.training_choices import COSINE, PLATEAU
from models.training import criterion, schedules

_LARGEST_WARMUP = 0.1
"""Largest share of a training whose length is given in steps or minutes that is warm-up."""


class AnnealedCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A warm-up, then half a cosine down to the final rate, of a length that may be set later.

    The rate rises in a straight line and is at the peak after the warm-up's steps. It does not
    begin at 0, where a step would have no effect. Then it falls along half a cosine to the final
    rate at the last step, and stays there. Ilya Loshchilov and Frank Hutter, "SGDR" (2017),
    https://arxiv.org/abs/1608.03983; warm-up: Priya Goyal et al. (2017),
    https://arxiv.org/abs/1706.02677.

    ``anneal`` shortens it: from a step on, the rate falls from what it is there to the final rate
    in a number of steps, again along half a cosine. So a training that ends early is annealed too.

    The lengths are variables, so that a change of them does not trace the training step again.
    """

    def __init__(self, peak: float, final_share: float, warmup_steps: int, steps: int) -> None:
        """Creates the schedule; under several devices, in the strategy's scope.

        Args:
          peak: highest rate.
          final_share: rate at the end, as a share of the peak.
          warmup_steps: length of the warm-up.
          steps: length of the whole schedule.
        """
        self._peak, self._final_share = peak, final_share
        self._warmup, self._steps, self._anneal_begin, self._anneal_steps = (
            keras.Variable(float(value), dtype="float32", trainable=False, name=name)
            for name, value in (
                ("warmup", warmup_steps),
                ("steps", steps),
                ("anneal_begin", -1),
                ("anneal_steps", 1),
            )
        )

    def set_length(self, warmup_steps: int, steps: int) -> None:
        """Sets the length of the warm-up and of the whole schedule."""
        self._warmup.assign(float(warmup_steps))
        self._steps.assign(float(steps))

    def anneal(self, begin: int, steps: int) -> None:
        """Lets the rate fall to the final one within ``steps`` steps from step ``begin`` on."""
        self._anneal_begin.assign(float(begin))
        self._anneal_steps.assign(float(steps))

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, from 0: a float32 scalar."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        begin = ops.cast(self._anneal_begin, "float32")
        lowest = self._peak * self._final_share
        top = self._planned(ops.minimum(step, ops.where(begin < 0, step, begin)))
        # The last step of n has the final rate, so that the fall takes n - 1 steps.
        length = ops.maximum(ops.cast(self._anneal_steps, "float32") - 1, 1.0)
        share = ops.where(begin < 0, 0.0, ops.clip((step - begin) / length, 0.0, 1.0))
        return lowest + (top - lowest) * _half_cosine(share)

    def _planned(self, step: Any) -> Any:
        ops = keras.ops
        warmup = ops.cast(self._warmup, "float32")
        # At least one: with few steps, a warm-up of nearly all can be rounded to all.
        length = ops.maximum(ops.cast(self._steps, "float32") - warmup - 1, 1.0)
        share = ops.clip((step - warmup) / length, 0.0, 1.0)
        fallen = self._final_share + (1 - self._final_share) * _half_cosine(share)
        return self._peak * ops.where(step < warmup, (step + 1) / (warmup + 1), fallen)

    def get_config(self) -> dict[str, Any]:
        """Returns the values that do not change (Keras' contract)."""
        return {"peak": self._peak, "final_share": self._final_share}


def _half_cosine(share: Any) -> Any:
    return 0.5 * (1 + keras.ops.cos(math.pi * share))


def learning_rate(settings: TrainSettings, peak: float, steps: int, steps_per_epoch: int) -> Any:
    """Returns the optimiser's learning rate, a number or an ``AnnealedCosine``.

    Args:
      settings: ``schedule``, ``warmup_epochs`` and ``final_rate`` are used.
      peak: highest rate.
      steps: length of the schedule, > the warm-up.
      steps_per_epoch: batches an epoch.
    """
    if settings.schedule != COSINE:
        return peak
    warmup = warmup_steps(settings, steps, steps_per_epoch)
    return AnnealedCosine(peak, settings.final_rate, warmup, steps)


def warmup_steps(settings: TrainSettings, steps: int, steps_per_epoch: int) -> int:
    """Returns the length of the warm-up of a schedule with ``steps`` steps.

    Where the length is not given in epochs, an epoch may be longer than the training: the warm-up
    then takes a tenth of it at most.
    """
    wanted = round(settings.warmup_epochs * steps_per_epoch)
    if settings.steps or settings.minutes:
        return min(wanted, int(_LARGEST_WARMUP * steps))
    return wanted


def callbacks(settings: TrainSettings, peak: float) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that the schedule needs.

    Args:
      settings: ``schedule``, the settings of plateau, the criterion, and ``final_rate``.
      peak: highest rate.
    """
    if settings.schedule != PLATEAU:
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            **criterion.of(settings),
            factor=settings.plateau_factor,
            patience=settings.plateau_patience,
            min_lr=peak * settings.final_rate,
        )
    ]


def schedule_of(model: keras.Model) -> schedules.AnnealedCosine | None:
    """Returns the schedule of the model's optimiser; None if its rate is a number."""
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate: Any = inner._learning_rate
    return rate if isinstance(rate, schedules.AnnealedCosine) else None
