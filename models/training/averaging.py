"""Averaged weights, with the batch norms' statistics averaged alike.

The statistics of a batch norm describe the activations of the weights that it was trained with.
Averaged weights have other activations: so the statistics are averaged over the same steps, as
PyTorch's users average buffers too.
"""

from typing import Any

import keras

_STATISTICS = ("moving_mean", "moving_variance")


def statistics_of(model: keras.Model) -> list[Any]:
    """Returns the moving statistics that a training changes, those of batch norms that learn."""
    return [
        variable
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for variable in layer.non_trainable_variables
        if variable.name in _STATISTICS
    ]


class UseAverages(keras.callbacks.Callback):
    """Has the averages in the model from an epoch's validation on until the next epoch.

    Unlike Keras' SwapEMAWeights it exchanges statistics too, and without arithmetic, so that the
    training goes on from the very weights that it had. After the last epoch the averages stay.
    """

    def __init__(self) -> None:
        """Creates the callback."""
        super().__init__()
        self._are_in_model = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Puts back the weights that are trained."""
        if self._are_in_model:
            self._exchange()

    def on_test_begin(self, logs: Any = None) -> None:
        """Puts the averages into the model."""
        if not self._are_in_model:
            self._exchange()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Puts the averages into the model, if there was no validation."""
        if not self._are_in_model:
            self._exchange()

    def _exchange(self) -> None:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # That of a loss scale.
        for variable, average in optimizer.averages():
            trained = keras.ops.convert_to_numpy(variable)
            variable.assign(keras.ops.convert_to_numpy(average))
            average.assign(trained)
        self._are_in_model = not self._are_in_model
