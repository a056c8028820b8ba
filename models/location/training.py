"""The locator's training: so many steps with a falling rate, and no choice of an epoch.

Nothing is chosen on other rows, so that those that judge the locator have no part in it.
"""

import logging
import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from models.location import network, scenes, targets
from models.location.network import STARTS_TO_LEARN
from models.settings.locator import LocateSettings
from schemas.errors import ConfigError
from system import progress

_LOGGER = logging.getLogger(__name__)

_WARM_UP = 0.1
"""Share of the steps in which the rate rises."""
_FINAL_RATE = 0.02
_CLIP_NORM = 10.0
_REPORT_EVERY = 20


class LocatorDivergedError(RuntimeError):
    """A loss that is NaN or infinite."""


def train(
    records: Sequence[bytes], settings: LocateSettings, weights: str, *, know_photos: bool
) -> keras.Model:
    """Trains a locator.

    Args:
      records: of ``store.scenes_of``.
      settings: all are used, but those of the gate.
      weights: of the backbone, ``ModelSettings.weights``.
      know_photos: whether the weights have learnt from a great many photos, so that the first
        layers stay as they are. Those of a network that began at random have not.

    Raises:
      ConfigError: there is no stored frame, or the weights cannot be loaded.
      LocatorDivergedError: the loss is NaN or infinite.
    """
    if not records:
        raise ConfigError(
            "The locator needs photos with boxes to learn from. Received: none that is stored "
            "whole. Set locate.enabled=false for a servable without a locator"
        )
    keras.utils.set_random_seed(settings.seed)
    model = network.build(settings.resolution, weights, settings.stages)
    if know_photos:
        freeze_first_layers(model)
    steps = steps_of(settings, len(records))
    batches = scenes.to_learn_from(
        records,
        resolution=settings.resolution,
        cells=network.cells(settings.resolution, settings.stages),
        batch_size=settings.batch_size,
        negatives=settings.negatives,
        seed=settings.seed,
    )
    optimizer = _optimizer(settings, steps)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(pixels: tf.Tensor, wanted: targets.Targets) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = targets.loss(model(pixels, training=True), wanted)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    _LOGGER.info("Training the locator for %d steps on %d scenes", steps, len(records))
    losses = []
    for number, (pixels, wanted) in enumerate(batches.take(steps), 1):
        losses.append(step(pixels, wanted))
        if number % _REPORT_EVERY == 0 or number == steps:
            mean = float(tf.add_n(losses)) / len(losses)
            if not math.isfinite(mean):
                raise LocatorDivergedError(
                    f"The locator's loss must be a number. Received: {mean} after {number} steps. "
                    "Set a lower locate.learning_rate"
                )
            progress.report("locate", len(losses), steps, "steps", f"loss {mean:.3f}")
            losses = []
    return model


def steps_of(settings: LocateSettings, count: int) -> int:
    """Returns the batches of a training on so many stored frames."""
    return max(settings.min_steps, math.ceil(settings.epochs * count / settings.batch_size))


def freeze_first_layers(model: keras.Model) -> None:
    """Freezes the layers before ``STARTS_TO_LEARN``, their batch statistics included.

    Weights that have seen photos know edges and fur. These layers work on the largest maps: on a
    CPU they cost half of a step that trains them. A network that ends before that layer learns as
    a whole.
    """
    names = [layer.name for layer in model.layers]
    if STARTS_TO_LEARN not in names:
        return
    for layer in model.layers[: names.index(STARTS_TO_LEARN)]:
        layer.trainable = False


def _optimizer(settings: LocateSettings, steps: int) -> keras.optimizers.Optimizer:
    warm_up = max(1, round(_WARM_UP * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warm_up),
        alpha=_FINAL_RATE,
        warmup_target=settings.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=settings.weight_decay, global_clipnorm=_CLIP_NORM
    )
    # As in models.training.optimizers: vectors are few and do not overfit.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
