"""The folded network answers as the trained one does, without its batch norms."""

from collections.abc import Iterator

import keras
import model_samples as samples
import numpy as np
import pytest

from models import folding, network

SIDE = samples.SIDE
PIXELS = np.stack([samples.mottled(SIDE, SIDE, seed) for seed in range(8)])


def kernels_and_norms(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers if layer.weights]


def test_kernel_and_bias_by_hand() -> None:
    inputs = keras.Input((1, 1, 1))
    convolved = keras.layers.Conv2D(2, 1, use_bias=False, name="conv")(inputs)
    norm = keras.layers.BatchNormalization(epsilon=1.0, name="norm")
    model = keras.Model(inputs, norm(convolved))
    model.get_layer("conv").set_weights([np.float32([[[[3, 5]]]])])
    # gamma, beta, mean, variance; with epsilon the deviations are 2 and 4.
    norm.set_weights(np.float32([[4, 2], [1, -1], [6, 8], [3, 15]]))
    layer = folding.folded(model).get_layer("conv")
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(kernel.ravel(), [3 * 4 / 2, 5 * 2 / 4], rtol=1e-6)
    np.testing.assert_allclose(bias, [1 - 6 * 4 / 2, -1 - 8 * 2 / 4], rtol=1e-6)


@pytest.fixture(scope="module")
def backbone() -> Iterator[keras.Model]:
    """The backbone in float64, with statistics of its own in every batch norm.

    In float32 a random network multiplies the rounding of its 80 layers to some percent.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    keras.utils.set_random_seed(5)
    model = network.new_backbone(SIDE)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for _ in range(3):
        model(PIXELS, training=True)
    yield model
    keras.config.set_dtype_policy(policy)


def test_the_backbone_gives_the_same_and_has_no_batch_norm(backbone: keras.Model) -> None:
    before = [each.copy() for each in backbone.get_weights()]
    small = folding.folded(backbone)
    assert kernels_and_norms(backbone).count("BatchNormalization") == 49
    assert "BatchNormalization" not in kernels_and_norms(small)
    expected = np.asarray(backbone(PIXELS, training=False))
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(small(PIXELS, training=False), expected, rtol=1e-6, atol=1e-8)
    for was, is_now in zip(before, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(was, is_now)


def test_a_batch_norm_after_no_convolution_is_left() -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inputs))
    assert kernels_and_norms(folding.folded(model)) == ["BatchNormalization"]


def branched(inputs: keras.KerasTensor) -> keras.KerasTensor:
    convolved = keras.layers.Conv2D(2, 3, use_bias=False)(inputs)
    return keras.layers.Add()([keras.layers.BatchNormalization()(convolved), convolved])


def with_bias(inputs: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(inputs))


def activated(inputs: keras.KerasTensor) -> keras.KerasTensor:
    convolved = keras.layers.Conv2D(2, 3, use_bias=False, activation="relu")(inputs)
    return keras.layers.BatchNormalization()(convolved)


def across_rows(inputs: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.BatchNormalization(axis=1)(
        keras.layers.Conv2D(2, 3, use_bias=False)(inputs)
    )


@pytest.mark.parametrize("build", [branched, with_bias, activated, across_rows])
def test_what_cannot_be_folded_is_left(build: object) -> None:
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, build(inputs))
    pixels = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    model(pixels, training=True)
    same = folding.folded(model)
    assert kernels_and_norms(same) == ["Conv2D", "BatchNormalization"]
    np.testing.assert_allclose(same(pixels), model(pixels), rtol=1e-5, atol=1e-6)


def test_depthwise_kernels_with_several_outputs_are_folded() -> None:
    inputs = keras.Input((8, 8, 3))
    convolved = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(inputs)
    model = keras.Model(inputs, keras.layers.BatchNormalization()(convolved))
    pixels = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    gamma = np.float32([1, 2, 3, 4, 5, 6])
    model.layers[-1].set_weights([gamma, gamma - 3, gamma / 7, gamma / 2])
    small = folding.folded(model)
    assert kernels_and_norms(small) == ["DepthwiseConv2D"]
    np.testing.assert_allclose(small(pixels), model(pixels), rtol=1e-4, atol=1e-5)
