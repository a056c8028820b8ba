"""The learning rate over the steps of a training."""

import keras

from models.settings import COSINE, PLATEAU, TrainSettings


def learning_rate(
    settings: TrainSettings, peak: float, epochs: int, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Returns the optimiser's learning rate, a number or a schedule.

    Cosine rises in a straight line and is at ``peak`` after the warm-up's steps. It does not
    begin at 0, where a step would have no effect. Then it falls along half a cosine
    to ``settings.final_rate`` of the peak at the last step. Ilya Loshchilov and Frank Hutter,
    "SGDR" (2017), https://arxiv.org/abs/1608.03983; warm-up: Priya Goyal et al. (2017),
    https://arxiv.org/abs/1706.02677.

    Args:
      settings: ``schedule``, ``warmup_epochs`` and ``final_rate`` are used.
      peak: highest rate.
      epochs: length of the schedule, > ``settings.warmup_epochs``.
      steps_per_epoch: batches an epoch.
    """
    if settings.schedule != COSINE:
        return peak
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / (warmup_steps + 1),
        warmup_steps=warmup_steps,
        warmup_target=peak,
        # At least one: with few steps, a warm-up of nearly all can be rounded to all.
        decay_steps=max(1, epochs * steps_per_epoch - warmup_steps - 1),
        alpha=settings.final_rate,
    )


def callbacks(settings: TrainSettings, peak: float) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that the schedule needs.

    Args:
      settings: ``schedule``, the settings of plateau, and ``final_rate`` are used.
      peak: highest rate.
    """
    if settings.schedule != PLATEAU:
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss",
            mode="min",
            factor=settings.plateau_factor,
            patience=settings.plateau_patience,
            min_lr=peak * settings.final_rate,
        )
    ]
