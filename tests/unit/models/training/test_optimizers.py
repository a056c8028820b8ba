"""AdamW's single steps, worked out by hand."""

import keras
import numpy as np
import pytest

from models.settings.training import TrainSettings
from models.training import fine_tuning
from models.training.optimizers import LayerwiseAdamW, optimizer_for
from testing.models import samples

PLAIN = {"weight_decay": 0.0, "clip_norm": 0.0}


def settings(**changes: object) -> TrainSettings:
    return TrainSettings(**{**PLAIN, **changes})  # type: ignore[arg-type]


def ones(shape: tuple[int, ...], name: str = "kernel") -> keras.Variable:
    return keras.Variable(np.ones(shape, np.float32), name=name)


def test_a_first_step_moves_by_the_rate_whatever_the_gradient() -> None:
    variable = ones((2, 2))
    optimizer = LayerwiseAdamW(0.1, multipliers=[1.0], weight_decay=0.0)
    optimizer.apply([np.float32([[5, -5], [0.01, -0.01]])], [variable])
    np.testing.assert_allclose(variable, [[0.9, 1.1], [0.9, 1.1]], rtol=1e-4)


def test_without_decay_and_multipliers_it_is_kerass_adam() -> None:
    gradients = [np.float32([[0.3, -2.0]]), np.float32([[-0.1, 0.5]]), np.float32([[1.0, 0.0]])]
    ours, theirs = ones((1, 2)), ones((1, 2))
    optimizer = LayerwiseAdamW(0.05, multipliers=[1.0], weight_decay=0.0)
    adam = keras.optimizers.Adam(0.05)
    for gradient in gradients:
        optimizer.apply([gradient], [ours])
        adam.apply([gradient], [theirs])
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_decay_and_keras_adamw_agree_on_a_matrix() -> None:
    ours, theirs = ones((1, 2)), ones((1, 2))
    optimizer = LayerwiseAdamW(0.05, multipliers=[1.0], weight_decay=0.5)
    adamw = keras.optimizers.AdamW(0.05, weight_decay=0.5)
    for gradient in (np.float32([[0.3, -2.0]]), np.float32([[-0.1, 0.5]])):
        optimizer.apply([gradient], [ours])
        adamw.apply([gradient], [theirs])
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_decay_takes_its_share_off_kernels_and_leaves_biases_and_scales_alone() -> None:
    kernel, depthwise, bias = ones((2, 2)), ones((3, 3, 1, 1)), ones((2,), "gamma")
    optimizer = LayerwiseAdamW(0.1, multipliers=[1.0] * 3, weight_decay=0.2)
    optimizer.apply(
        [np.zeros(v.shape, np.float32) for v in (kernel, depthwise, bias)],
        [kernel, depthwise, bias],
    )
    np.testing.assert_allclose(kernel, np.full((2, 2), 1 - 0.1 * 0.2), rtol=1e-6)
    np.testing.assert_allclose(depthwise, np.full((3, 3, 1, 1), 0.98), rtol=1e-6)
    np.testing.assert_array_equal(bias, [1, 1])


def test_each_variable_moves_and_decays_at_its_own_rate() -> None:
    first, second = ones((1, 1)), ones((1, 1))
    optimizer = LayerwiseAdamW(0.1, multipliers=[1.0, 0.25], weight_decay=0.4)
    optimizer.apply([np.ones((1, 1), np.float32)] * 2, [first, second])
    # 1 - 0.1 * 0.4 - 0.1, and 1 - 0.025 * 0.4 - 0.025.
    np.testing.assert_allclose([float(first[0, 0]), float(second[0, 0])], [0.86, 0.965], rtol=1e-4)


def test_a_multiplier_must_be_there_for_each_variable() -> None:
    with pytest.raises(ValueError, match="Received: 1 for 2"):
        LayerwiseAdamW(0.1, multipliers=[1.0], weight_decay=0.0).build([ones((1,)), ones((1,))])


def test_long_gradients_are_shortened_all_together() -> None:
    # (3, 4) over two variables is 5 long; at most 1 leaves (0.6, 0.8), Adam's first momentum
    # is a tenth of it.
    model = samples.named_network()
    fine_tuning.freeze(model, "head")
    model.get_layer("head_norm").trainable = False
    optimizer = optimizer_for(settings(clip_norm=1.0), model, 0.1)
    weights, bias = np.zeros((4, 2), np.float32), np.float32([4, 0])
    weights[0, 0] = 3
    optimizer.apply([weights, bias], model.trainable_variables)
    momenta = [v.numpy() for v in optimizer.variables if "momentum" in v.path]
    assert momenta[0][0, 0] == pytest.approx(0.06, rel=1e-5)
    assert momenta[1][0] == pytest.approx(0.08, rel=1e-5)


def test_no_clipping_leaves_gradients_as_they_are() -> None:
    assert optimizer_for(settings(), samples.named_network(), 0.1).global_clipnorm is None


def test_layer_decay_gives_each_block_its_rate() -> None:
    model = samples.named_network()
    before = {v.path: v.numpy() for v in model.trainable_variables}
    optimizer = optimizer_for(settings(layer_decay=0.5), model, 0.1)
    gradients = [np.ones(v.shape, np.float32) for v in model.trainable_variables]
    optimizer.apply(gradients, model.trainable_variables)
    moved = {
        v.path.split("/")[0]: float((before[v.path] - v.numpy()).mean())
        for v in model.trainable_variables
    }
    # A first step is the rate: 0.1 at the head, and half of it for each block below.
    expected = {
        "head": 0.1,
        "head_norm": 0.1,
        "block7a_conv": 0.05,
        "block7a_bn": 0.05,
        "block6a_conv": 0.025,
        "block6a_bn": 0.025,
        "stem_conv": 0.1 / 256,
        "stem_bn": 0.1 / 256,
    }
    assert moved == pytest.approx(expected, rel=1e-3)
