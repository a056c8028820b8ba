"""The learning rate over the steps of a training."""

import keras

from models.settings import COSINE, PLATEAU, TrainSettings


def learning_rate(
    settings: TrainSettings, peak: float, epochs: int, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Returns what the optimiser takes as its rate.

    Cosine rises in a straight line and is at ``peak`` when the warm-up's steps are done; it
    does not begin at 0, where a step would be for nothing. Then it falls along half a cosine
    to ``settings.final_rate`` of the peak at the last step. Ilya Loshchilov and Frank Hutter,
    "SGDR" (2017), https://arxiv.org/abs/1608.03983; warm-up: Priya Goyal et al. (2017),
    https://arxiv.org/abs/1706.02677.

    Args:
      settings: which schedule.
      peak: the highest rate.
      epochs: length of the schedule, > ``settings.warmup_epochs``.
      steps_per_epoch: steps in each.
    """
    if settings.schedule != COSINE:
        return peak
    warmup = round(settings.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / (warmup + 1),
        warmup_steps=warmup,
        warmup_target=peak,
        # At least one: a warm-up of nearly all of few steps can be rounded to all.
        decay_steps=max(1, epochs * steps_per_epoch - warmup - 1),
        alpha=settings.final_rate,
    )


def callbacks(settings: TrainSettings, peak: float) -> list[keras.callbacks.Callback]:
    """Returns what the schedule needs between epochs."""
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
