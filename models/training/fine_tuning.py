"""Fine-tuning: phases of the training, frozen layers, and learning rates by depth.

The name of a layer gives its depth. Keras' EfficientNet has ``stem_*``, ``block1a_*`` to
``block7a_*`` and ``top_*``; this project adds ``head*``. The layers above block 7, ``top_*``,
count as part of it.
"""

import re
from typing import NamedTuple

import keras

from models.settings.training import TrainSettings
from models.settings.training_choices import FULL, HEAD, LAST_BLOCK, TWO_PHASE

_NAME = re.compile(r"(?P<part>stem|block(?P<block>[1-7])|top|head)")
_BLOCKS = 7


class Phase(NamedTuple):
    """Consecutive epochs of the training with one optimiser and schedule.

    Attributes:
      part: the layers that learn: ``HEAD``, ``LAST_BLOCK`` or ``FULL``.
      begin: first epoch, from 0.
      end: epoch after the last.
      rate: highest learning rate.
      is_last: whether the training ends with this phase.
    """

    part: str
    begin: int
    end: int
    rate: float
    is_last: bool


def phases(settings: TrainSettings, epochs: int | None = None) -> list[Phase]:
    """Returns the training's phases in order.

    Args:
      settings: the part that learns, the rates, and ``head_epochs``.
      epochs: of the whole training; None for ``settings.epochs``.
    """
    rate, end, head = settings.learning_rate, epochs or settings.epochs, head_epochs(settings)
    if not head:
        return [Phase(settings.fine_tune, 0, end, rate, is_last=True)]
    return [
        Phase(HEAD, 0, head, rate, is_last=False),
        Phase(FULL, head, end, rate * settings.full_rate, is_last=True),
    ]


def head_epochs(settings: TrainSettings) -> int:
    """Returns the epochs of the first of two phases; 0 if there is one phase."""
    return settings.head_epochs if settings.fine_tune == TWO_PHASE else 0


def freeze(model: keras.Model, part: str) -> None:
    """Freezes all layers but ``part``; takes effect when the model is next compiled.

    A frozen layer computes as in inference. A batch norm uses its moving statistics and leaves
    them alone: Keras' does so with ``trainable=False``. Drop-connect leaves out nothing:
    ``fast_layers.Dropout`` does so. Otherwise the head would learn from features that are a third
    noise, and that it never sees again.

    Args:
      model: with layers named as in the module's docstring.
      part: ``HEAD``, ``LAST_BLOCK`` or ``FULL``.
    """
    max_distance = {HEAD: 0, LAST_BLOCK: 1}.get(part)
    for layer in model.layers:
        layer.trainable = True
        if max_distance is not None and _can_be_frozen(layer):
            layer.trainable = distance_from_head(layer.name) <= max_distance


def _can_be_frozen(layer: keras.layers.Layer) -> bool:
    return bool(layer.trainable_variables) or isinstance(layer, keras.layers.Dropout)


def rate_multipliers(model: keras.Model, decay: float) -> list[float]:
    """Returns the factor of each variable's learning rate, ``decay ** distance``.

    So the head has 1 and the stem, at distance 8, ``decay ** 8``. As in Hangbo Bao et al.,
    "BEiT" (2021), https://arxiv.org/abs/2106.08254, by block.

    Args:
      model: frozen as in the training to come.
      decay: ``TrainSettings.layer_decay``.

    Returns:
      A number for each of ``model.trainable_variables``, in order.
    """
    if decay == 1:
        return [1.0] * len(model.trainable_variables)
    distances = {
        id(variable): distance_from_head(layer.name)
        for layer in model.layers
        for variable in layer.trainable_variables
    }
    return [decay ** distances[id(variable)] for variable in model.trainable_variables]


def distance_from_head(name: str) -> int:
    """Returns 0 for the head, 1 for the last block and the layers above it, 8 for the stem.

    Args:
      name: of a layer.

    Raises:
      ValueError: if the name is not one of this network's.
    """
    match = _NAME.match(name)
    if match is None:
        raise ValueError(
            "A layer that learns must be named stem*, block1* to block7*, top* or head*. "
            f"Received: {name!r}"
        )
    if match["block"]:
        return _BLOCKS + 1 - int(match["block"])
    return {"head": 0, "top": 1, "stem": _BLOCKS + 1}[match["part"]]
