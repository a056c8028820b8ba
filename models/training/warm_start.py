"""Warm start: a training that begins with the weights of an earlier model."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from models.settings import ModelSettings
from schemas import artifacts, labels, signatures

_LOGGER = logging.getLogger(__name__)


def with_base_weights(settings: ModelSettings, base_model: str | None) -> ModelSettings:
    """Returns the settings with the base model's checkpoint as weights, if there is one.

    Args:
      settings: of the network.
      base_model: servable of the model to go on from, as TFX names it; None if the pipeline has
        found none, or if ``model.warm_start`` is off.
    """
    if base_model is None:
        return settings
    folder = os.path.join(os.path.dirname(base_model), artifacts.MODEL_CHECKPOINT)
    path = os.path.join(folder, artifacts.CHECKPOINT_KERAS)
    _LOGGER.info("Going on from %s", path)
    return settings.replace(weights=path)


def load_head(model: keras.Model, weights: str, mood_names: Sequence[str]) -> bool:
    """Loads a checkpoint's head too, if it has the same moods in the same order.

    Args:
      model: with a backbone that has been loaded already.
      weights: ``ModelSettings.weights``. Only a file with a label map beside it, by
        ``write_label_map``, is known to have a head.
      mood_names: in index order.

    Returns:
      Whether the head was loaded.
    """
    label_map = Path(weights).with_name(signatures.LABELS_ASSET)
    if not Path(weights).is_file() or not label_map.is_file():
        return False
    checkpoint_mood_names = labels.read_moods(label_map)
    if checkpoint_mood_names != tuple(mood_names):
        _LOGGER.info(
            "The head starts with random weights: the moods of %s are %s",
            weights,
            ", ".join(checkpoint_mood_names),
        )
        return False
    model.load_weights(weights)
    _LOGGER.info("The head goes on from %s", weights)
    return True


def write_label_map(folder: str, mood_names: Sequence[str]) -> None:
    """Writes the label map of a checkpoint into the checkpoint's folder, which may be new."""
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, signatures.LABELS_ASSET), "w") as file:
        file.write(labels.to_json(tuple(mood_names)))


def keep_checkpoint(run_dir: str, servable: str) -> None:
    """Copies the best checkpoint and its label map beside the servable.

    There ``with_base_weights`` finds them. The run's own folder is another artifact, which a
    later Trainer is not given.
    """
    folder = os.path.join(os.path.dirname(servable), artifacts.MODEL_CHECKPOINT)
    tf.io.gfile.makedirs(folder)
    for name in (artifacts.CHECKPOINT_KERAS, signatures.LABELS_ASSET):
        tf.io.gfile.copy(os.path.join(run_dir, name), os.path.join(folder, name), overwrite=True)
