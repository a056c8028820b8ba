"""How a training step is computed: its precision, and whether XLA compiles it."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from models.settings.training_choices import BFLOAT16, FLOAT16, FLOAT32

_POLICIES = {FLOAT32: "float32", BFLOAT16: "mixed_bfloat16", FLOAT16: "mixed_float16"}


class StepConfig(NamedTuple):
    """Precision of the training step, and whether XLA compiles it.

    Attributes:
      precision: a value of ``train.precision`` except "auto".
      xla: whether XLA compiles the step.
    """

    precision: str
    xla: bool

    def __str__(self) -> str:
        """Returns ``"bfloat16"`` or ``"bfloat16 with XLA"``."""
        return f"{self.precision} with XLA" if self.xla else self.precision


@contextlib.contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Sets the precision of networks that are built inside; their variables stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        # The process goes on to other nodes of the pipeline.
        keras.config.set_dtype_policy(before)


def with_loss_scale(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> Any:
    """Returns the optimiser; for float16, wrapped so that small gradients are not rounded to 0.

    Paulius Micikevicius et al., "Mixed Precision Training" (2018),
    https://arxiv.org/abs/1710.03740, section 3.2.
    """
    if model.dtype_policy.name != _POLICIES[FLOAT16]:
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
