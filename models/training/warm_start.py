"""Going on from a former model: which file its weights are in, and whether its head fits."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from models.settings import ModelSettings
from schemas import artifacts, labels, signatures

_LOGGER = logging.getLogger(__name__)


def start_of(settings: ModelSettings, base_model: str | None) -> ModelSettings:
    """Returns the settings with the base model's checkpoint as weights, if there is one.

    Args:
      settings: of the network.
      base_model: the servable of the model to go on from, as TFX names it; None if the
        pipeline has found none or was not asked to look.
    """
    if base_model is None:
        return settings
    folder = os.path.join(os.path.dirname(base_model), artifacts.MODEL_CHECKPOINT)
    path = os.path.join(folder, artifacts.CHECKPOINT_KERAS)
    _LOGGER.info("Going on from %s", path)
    return settings.replace(weights=path)


def take_head(model: keras.Model, weights: str, moods: Sequence[str]) -> bool:
    """Loads a checkpoint's head too, where it knows the same moods in the same order.

    Args:
      model: whose backbone has been loaded already.
      weights: ``ModelSettings.weights``; only a file that ``note_moods`` has written a label
        map beside is known to have a head.
      moods: names in index order.

    Returns:
      Whether it has.
    """
    beside = Path(weights).with_name(signatures.LABELS_ASSET)
    if not Path(weights).is_file() or not beside.is_file():
        return False
    known = labels.read_moods(beside)
    if known != tuple(moods):
        _LOGGER.info("The head starts anew: %s tells %s apart", weights, ", ".join(known))
        return False
    model.load_weights(weights)
    _LOGGER.info("The head goes on from %s", weights)
    return True


def note_moods(folder: str, moods: Sequence[str]) -> None:
    """Writes the label map of the checkpoint that is or will be in a folder."""
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, signatures.LABELS_ASSET), "w") as file:
        file.write(labels.to_json(tuple(moods)))


def keep_checkpoint(run_dir: str, servable: str) -> None:
    """Copies the best checkpoint and its label map beside the servable, for ``start_of``.

    The run's own folder is another artifact, which a later Trainer is not given.
    """
    folder = os.path.join(os.path.dirname(servable), artifacts.MODEL_CHECKPOINT)
    tf.io.gfile.makedirs(folder)
    for name in (artifacts.CHECKPOINT_KERAS, signatures.LABELS_ASSET):
        tf.io.gfile.copy(os.path.join(run_dir, name), os.path.join(folder, name), overwrite=True)
