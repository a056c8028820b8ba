"""Optimiser: AdamW with a separate learning rate for each variable."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from models.settings.training import TrainSettings
from models.training import averaging, fine_tuning


def optimizer_for(
    settings: TrainSettings, model: keras.Model, rate: Any
) -> keras.optimizers.Optimizer:
    """Returns an optimiser for the model's trainable variables; not built yet.

    Args:
      settings: weight decay, clipping, averaging and decay of the rate by layer.
      model: frozen as in the training to come.
      rate: a number or a schedule.
    """
    return LayerwiseAdamW(
        rate,
        multipliers=fine_tuning.rate_multipliers(model, settings.layer_decay),
        statistics=averaging.statistics_of(model) if settings.ema_decay else (),
        weight_decay=settings.weight_decay,
        global_clipnorm=settings.clip_norm or None,
        use_ema=settings.ema_decay > 0,
        ema_momentum=settings.ema_decay,
    )


class LayerwiseAdamW(keras.optimizers.Adam):
    """Adam with decoupled weight decay, both at each variable's learning rate.

    Ilya Loshchilov and Frank Hutter, "Decoupled Weight Decay Regularization" (2019),
    https://arxiv.org/abs/1711.05101. Keras' AdamW has one rate for all variables. Vectors, that is
    biases and the scales of batch norms, are not decayed: they are few and do not overfit.
    """

    def __init__(
        self,
        learning_rate: Any,
        *,
        multipliers: Sequence[float],
        weight_decay: float,
        statistics: Sequence[Any] = (),
        **base: Any,
    ) -> None:
        """Creates the optimiser.

        Args:
          learning_rate: a number or a schedule.
          multipliers: factor of the rate for each variable, in the order given to ``build``.
          weight_decay: share by which a variable shrinks at rate 1.
          statistics: variables that the forward pass moves, and that are averaged if weights are.
          **base: arguments of Keras' optimisers: clipping, averaging.
        """
        super().__init__(learning_rate, name="layerwise_adamw", **base)
        self._multipliers = tuple(multipliers)
        self._decay = weight_decay
        self._statistics = list(statistics)

    def build(self, variables: list[Any]) -> None:
        """Creates Adam's variables.

        Raises:
          ValueError: unless there is a multiplier for each variable.
        """
        if len(variables) != len(self._multipliers):
            raise ValueError(
                f"There must be a multiplier for each variable. Received: "
                f"{len(self._multipliers)} for {len(variables)}"
            )
        super().build(variables)
        self._averaged_statistics = [
            self.add_variable_from_reference(each, name="average") for each in self._statistics
        ]

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Sums the replicas' gradients, then takes a step with them.

        Keras would clip the gradients of each replica and sum them after that, so that the step
        of several devices would differ from that of one.
        """
        context = tf.distribute.get_replica_context()
        super().apply(
            context.all_reduce(tf.distribute.ReduceOp.SUM, list(grads)), trainable_variables
        )

        # The step has been counted. Like Keras' averages of weights, these begin with the first.
        is_first = keras.ops.equal(self.iterations, 1)
        kept = keras.ops.where(is_first, 0.0, self.ema_momentum or 0.0)
        for current, average in zip(self._statistics, self._averaged_statistics, strict=True):
            average.assign(kept * average + (1.0 - kept) * current)

    def averages(self) -> Iterator[tuple[Any, Any]]:
        """Yields each variable that is averaged, with its average."""
        yield from zip(self._trainable_variables, self._model_variables_moving_average, strict=True)
        yield from zip(self._statistics, self._averaged_statistics, strict=True)

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        """Leaves the averages where ``averaging.UseAverages`` has put them (called by Keras)."""

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars  # ``apply`` has summed them.

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Decays one variable and moves it along Adam's direction."""
        multiplier = self._multipliers[self._get_variable_index(variable)]
        rate = keras.ops.cast(learning_rate, variable.dtype) * multiplier
        if self._decay and len(variable.shape) > 1:
            self.assign_sub(variable, variable * (rate * self._decay))
        super().update_step(gradient, variable, rate)
