"""Warm start: a training that begins with the weights of an earlier model."""

import io
import logging
import os
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dataset.trained_on import Hashes, TrainedOn, is_seen
from models.network.weights_file import local_file
from models.settings.network import ModelSettings
from schemas import artifacts, labels, signatures
from schemas.errors import ConfigError
from schemas.splits import EVAL, beside, split_of_shard

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
    path = local_file(weights)
    label_map = path.with_name(signatures.LABELS_ASSET)
    if not path.is_file() or not label_map.is_file():
        return False
    checkpoint_mood_names = labels.read_moods(label_map)
    if checkpoint_mood_names != tuple(mood_names):
        _LOGGER.info(
            "The head starts with random weights: the moods of %s are %s",
            weights,
            ", ".join(checkpoint_mood_names),
        )
        return False
    model.load_weights(path)
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
    for name in (artifacts.CHECKPOINT_KERAS, signatures.LABELS_ASSET, artifacts.TRAINED_ON_NPZ):
        source = os.path.join(run_dir, name)
        if tf.io.gfile.exists(source):
            tf.io.gfile.copy(source, os.path.join(folder, name), overwrite=True)


def trained_on(
    train_files: Sequence[str], chosen_on: Sequence[str], weights: str
) -> TrainedOn | None:
    """Returns the clips and animals that a training knows, those of its base included.

    It knows those that it learns from and those of a validation split, on which its epoch is
    chosen. The eval split judges it, and so does not count where it chooses as well: else every
    later model of the same CSVs would have nothing left to be compared on.

    Args:
      train_files: patterns of shards in the folder of a split, beside which the eval split lies.
      chosen_on: likewise.
      weights: ``ModelSettings.weights``, see ``with_base_weights``.

    Returns:
      None where the ingest wrote no names.

    Raises:
      ConfigError: the base was trained on the clips or animals of the whole eval split, so that
        nothing would be left to judge the new model on.
    """
    known = [*train_files, *(file for file in chosen_on if split_of_shard(file) != EVAL)]
    own = _names_of(known)
    evaluation = _names_of([beside(file, EVAL) for file in train_files])
    if own is None or evaluation is None:
        return None
    base, is_ours = _base_names(weights)
    if base is not None and is_seen(evaluation, base.all_names()).all():
        raise ConfigError(
            "The model that a training begins with must not have been trained on every clip or "
            f"animal of the eval split. Received: {weights}, which was. Evaluate on other clips, "
            "or set model.warm_start=false and other model.weights"
        )
    return TrainedOn.of(own, base, complete=base is not None or not is_ours)


def write_trained_on(names: TrainedOn | None, folder: str) -> None:
    """Writes ``artifacts.TRAINED_ON_NPZ``, if there are names."""
    if names is None:
        return
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.TRAINED_ON_NPZ), "wb") as file:
        file.write(names.to_bytes())


def _base_names(weights: str) -> tuple[TrainedOn | None, bool]:
    """Returns what a checkpoint was trained on, and whether it is one of this project's."""
    path = local_file(weights)
    if not path.is_file() or not path.with_name(signatures.LABELS_ASSET).is_file():
        return None, False  # Such as ImageNet's: no photo of a pet's mood.
    names = path.with_name(artifacts.TRAINED_ON_NPZ)
    if not names.is_file():
        return None, True
    return TrainedOn.from_bytes(names.read_bytes(), str(names)), True


def _names_of(patterns: Sequence[str]) -> Hashes | None:
    """Returns the names that the ingest wrote for a split's shards; None if it wrote none."""
    parts = []
    for pattern in patterns:
        examples = os.path.dirname(os.path.dirname(pattern))
        path = os.path.join(examples, artifacts.NAMES_FOLDER, f"{split_of_shard(pattern)}.npy")
        if not tf.io.gfile.exists(path):
            return None
        with tf.io.gfile.GFile(path, "rb") as file:
            parts.append(np.load(io.BytesIO(file.read()), allow_pickle=False))
    return np.concatenate(parts) if parts else None
