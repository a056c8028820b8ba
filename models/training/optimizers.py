"""Optimiser: AdamW with a separate learning rate for each variable."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

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


class _Scalars(NamedTuple):
    """What a step has in common for all variables: float32 tensors without axes."""

    rate: Any
    beta_1: Any
    beta_2: Any
    epsilon: Any
    beta_1_power: Any
    beta_2_power: Any


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

    def _backend_update_step(
        self, grads: Any, trainable_variables: Any, learning_rate: Any
    ) -> None:
        super()._backend_update_step(grads, trainable_variables, self._scalars_at(learning_rate))

    def _scalars_at(self, learning_rate: Any) -> _Scalars:
        beta_1, beta_2, epsilon = map(tf.constant, (self.beta_1, self.beta_2, self.epsilon))
        step = tf.cast(self.iterations + 1, beta_1.dtype)
        rate = tf.cast(learning_rate, beta_1.dtype)
        return _Scalars(rate, beta_1, beta_2, epsilon, tf.pow(beta_1, step), tf.pow(beta_2, step))

    def update_step(self, gradient: Any, variable: Any, learning_rate: _Scalars) -> None:
        """Decays one variable and moves it along Adam's direction.

        TensorFlow's operation computes what Keras' ``Adam.update_step`` does, as one operation in
        place of some thirty. For the 213 variables of the network these were two fifths of the
        time before the first step.
        """
        scalars = learning_rate
        index = self._get_variable_index(variable)
        multiplier = self._multipliers[index]
        rate = scalars.rate if multiplier == 1 else scalars.rate * multiplier
        if self._decay and len(variable.shape) > 1:
            self.assign_sub(variable, variable * (rate * self._decay))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=scalars.beta_1_power,
            beta2_power=scalars.beta_2_power,
            lr=rate,
            beta1=scalars.beta_1,
            beta2=scalars.beta_2,
            epsilon=scalars.epsilon,
            grad=gradient,
        )
