"""Half precision: the weights stay float32, and the loss is scaled where that is needed."""

import keras
import numpy as np
import pytest

from models.training.step_config import dtype_policy, with_loss_scale
from testing.models import samples


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_has_float32_weights_and_a_loss_scale_where_it_needs_one(name: str) -> None:
    before = keras.config.dtype_policy()
    with dtype_policy(name):
        model = samples.named_network()
    assert keras.config.dtype_policy() == before
    assert model.get_layer("stem_conv").compute_dtype == name
    assert {str(each.dtype) for each in model.trainable_variables} == {"float32"}
    scaled = with_loss_scale(keras.optimizers.Adam(), model)
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer) == (name == "float16")
    model.compile(scaled, "categorical_crossentropy", jit_compile=False)
    pixels = np.stack([samples.mottled(8, 8, seed) for seed in range(8)])
    losses_seen = [
        model.train_on_batch(pixels, np.eye(2, dtype=np.float32)[[0, 1] * 4]) for _ in range(8)
    ]
    assert np.isfinite(losses_seen).all() and losses_seen[-1] < losses_seen[0]
