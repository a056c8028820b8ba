"""The best epoch's network on the disk, and how it outlives a training that fails."""

import os

import keras
import tensorflow as tf

from models.network.classifier import without_optimizer
from schemas import artifacts, signatures

_RESCUED = "last_good"


class BestCheckpoint(keras.callbacks.ModelCheckpoint):
    """Writes the network whenever the monitored figure is higher than ever.

    The file holds neither optimiser nor loss: it is a third of the size, and loads the same
    whatever the training was.
    """

    def __init__(self, run_dir: str, monitor: str) -> None:
        """Takes the folder that gets ``artifacts.CHECKPOINT_KERAS``, and a name in the logs."""
        self.path = os.path.join(run_dir, artifacts.CHECKPOINT_KERAS)
        super().__init__(self.path, monitor=monitor, mode="max", save_best_only=True)

    def set_model(self, model: keras.Model) -> None:
        """Takes the model that is trained (called by Keras)."""
        super().set_model(without_optimizer(model))


def restore(model: keras.Model, path: str) -> None:
    """Gives the model the weights that ``BestCheckpoint`` wrote; its optimiser is left alone."""
    without_optimizer(model).load_weights(path)


def rescue(path: str, run_dir: str) -> str:
    """Copies a checkpoint out of the node's output and returns where it is.

    TFX deletes the output folders of a node that raises. Beside them, in the node's own
    folder, the copy is out of its way and out of that of ``runner.recovery``.

    Args:
      path: the checkpoint in ``run_dir``; the label map beside it is copied too.
      run_dir: ``<pipeline root>/Trainer/model_run/<execution>``.
    """
    output, execution = os.path.split(os.path.normpath(run_dir))
    folder = os.path.join(os.path.dirname(output), _RESCUED, f"run_{execution}")
    tf.io.gfile.makedirs(folder)
    moods = os.path.join(run_dir, signatures.LABELS_ASSET)
    for source in filter(tf.io.gfile.exists, (path, moods)):
        tf.io.gfile.copy(source, os.path.join(folder, os.path.basename(source)), overwrite=True)
    return os.path.join(folder, os.path.basename(path))
