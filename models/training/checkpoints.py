"""Checkpoint of the best epoch, and its rescue from a training that fails."""

import os

import keras
import tensorflow as tf

from models.network.classifier import without_optimizer
from schemas import artifacts, signatures

_RESCUED = "last_good"


class BestCheckpoint(keras.callbacks.ModelCheckpoint):
    """Writes the network after each epoch in which the monitored figure is higher than ever.

    The file holds neither optimiser nor loss. So it is a third of the size, and loading it does
    not depend on the settings of the training.
    """

    def __init__(self, network: keras.Model, run_dir: str, monitor: str) -> None:
        """Creates the callback.

        Args:
          network: is written, also while a part of it is trained alone.
          run_dir: folder that gets ``artifacts.CHECKPOINT_KERAS``.
          monitor: name of the monitored figure in the logs.
        """
        self.path = os.path.join(run_dir, artifacts.CHECKPOINT_KERAS)
        self._network = without_optimizer(network)
        super().__init__(self.path, monitor=monitor, mode="max", save_best_only=True)

    def set_model(self, model: keras.Model) -> None:
        """Takes the network in place of the model that is trained (called by Keras)."""
        super().set_model(self._network)


def restore(model: keras.Model, path: str) -> None:
    """Loads the weights that ``BestCheckpoint`` wrote; leaves the model's optimiser alone."""
    without_optimizer(model).load_weights(path)


def rescue(path: str, run_dir: str) -> str:
    """Copies a checkpoint out of the node's output and returns the copy's path.

    TFX deletes the output folders of a node that raises. The copy lies beside them in the node's
    own folder, which neither TFX nor ``runner.nodes.recovery`` deletes.

    Args:
      path: the checkpoint in ``run_dir``; the label map and the names beside it are copied too.
      run_dir: ``<pipeline root>/Trainer/model_run/<execution>``.
    """
    output, execution = os.path.split(os.path.normpath(run_dir))
    folder = os.path.join(os.path.dirname(output), _RESCUED, f"run_{execution}")
    tf.io.gfile.makedirs(folder)
    others = [
        os.path.join(run_dir, name) for name in (signatures.LABELS_ASSET, artifacts.TRAINED_ON_NPZ)
    ]
    for source in filter(tf.io.gfile.exists, (path, *others)):
        tf.io.gfile.copy(source, os.path.join(folder, os.path.basename(source)), overwrite=True)
    return os.path.join(folder, os.path.basename(path))
