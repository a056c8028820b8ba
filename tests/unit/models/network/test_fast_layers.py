"""The fast layers compute what Keras' own compute, and so do their gradients."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.network import fast_layers

CHANNELS = 3
SHAPES = [(1, 1, 1), (1, 5, 7), (4, 6, 2)]
MODES = {"training": (True, True), "frozen": (True, False), "inference": (False, True)}
Numbers = dict[str, np.ndarray]


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def values(shape: tuple[int, ...], seed: int) -> np.ndarray:
    # A mean far from 0, as activations have: that is where a careless variance goes wrong.
    return np.random.default_rng(seed).normal(5.0, 2.0, (*shape, CHANNELS)).astype(np.float32)


def new_norm(kind: type[keras.layers.BatchNormalization], policy: str) -> keras.layers.Layer:
    layer = kind(momentum=0.8, epsilon=0.01, dtype=policy)
    layer.build((None, None, None, CHANNELS))
    layer.set_weights(np.float32([[2, -1, 0.5], [0.1, 0.2, -3], [4, 5, 6], [3, 4, 5]]))
    return layer


def measured(layer: keras.layers.Layer, shape: tuple[int, ...], training: bool) -> Numbers:
    """Calls a layer in a graph, as in training, and returns outputs, gradients and statistics."""
    inputs = tf.cast(values(shape, 1), layer.compute_dtype)
    weight = tf.constant(values(shape, 2))

    @tf.function
    def step() -> Numbers:
        watched = [inputs, layer.gamma.value, layer.beta.value]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            outputs = layer(inputs, training=training)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weight)
        gradients = tape.gradient(loss, watched)
        names = ("output", "d_input", "d_gamma", "d_beta")
        return dict(zip(names, [outputs, *gradients], strict=True))

    numbers = {name: tf.cast(each, tf.float32).numpy() for name, each in step().items()}
    assert layer(inputs, training=False).dtype == inputs.dtype
    return numbers | {
        "moving_mean": layer.moving_mean.numpy(),
        "moving_variance": layer.moving_variance.numpy(),
    }


def assert_same(ours: Numbers, stock: Numbers, policy: str) -> None:
    for name, expected in stock.items():
        rounding = 1e-4 if policy == "float32" or name.startswith("moving") else 0.02
        # The rounding of a sum depends on its largest terms, not on its value.
        size = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(ours[name], expected, atol=rounding * size, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", MODES)
def test_batch_norm_is_the_stock_layer(shape: tuple[int, ...], mode: str, policy: str) -> None:
    training, trainable = MODES[mode]
    ours = new_norm(fast_layers.BatchNormalization, policy)
    stock = new_norm(keras.layers.BatchNormalization, policy)
    ours.trainable = stock.trainable = trainable
    assert_same(measured(ours, shape, training), measured(stock, shape, training), policy)


def test_moving_statistics_move_by_the_population_variance() -> None:
    layer = new_norm(fast_layers.BatchNormalization, "float32")
    # Each channel holds 1 and 3: mean 2, variance 1 (the sample's would be 2).
    layer(np.float32([1, 3]).reshape(2, 1, 1, 1) * np.ones(CHANNELS, np.float32), training=True)
    np.testing.assert_allclose(layer.moving_mean, 0.8 * np.array([4, 5, 6]) + 0.2 * 2, rtol=1e-6)
    np.testing.assert_allclose(
        layer.moving_variance, 0.8 * np.array([3, 4, 5]) + 0.2 * 1, rtol=1e-6
    )


def test_a_frozen_layer_keeps_its_statistics() -> None:
    layer = new_norm(fast_layers.BatchNormalization, "float32")
    layer.trainable = False
    layer(values((2, 3, 3), 1), training=True)
    np.testing.assert_array_equal(layer.moving_mean, [4, 5, 6])
    np.testing.assert_array_equal(layer.moving_variance, [3, 4, 5])


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (4, 3)),
        ({"axis": 1}, (4, 3, 2, 2)),
        ({"scale": False}, (4, 2, 2, 3)),
        ({"center": False}, (4, 2, 2, 3)),
        ({"dtype": "float64"}, (4, 2, 2, 3)),
    ],
)
def test_what_the_kernel_cannot_do_is_done_as_keras_does(
    settings: dict[str, object], shape: tuple[int, ...]
) -> None:
    inputs = np.random.default_rng(1).normal(size=shape)
    ours = fast_layers.BatchNormalization(**settings)(inputs, training=True)
    stock = keras.layers.BatchNormalization(**settings)(inputs, training=True)
    np.testing.assert_array_equal(ours, stock)


@pytest.fixture
def swishes() -> Iterator[Callable[..., tuple[np.ndarray, np.ndarray]]]:
    def of(function: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor) -> tuple[np.ndarray, ...]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(inputs)
            gradient = tape.gradient(outputs, inputs, output_gradients=2 * tf.ones_like(inputs))
        assert outputs.dtype == gradient.dtype == inputs.dtype
        return tuple(tf.cast(each, tf.float32).numpy() for each in (outputs, gradient))

    yield of


def test_swish_by_hand(swishes: Callable[..., tuple[np.ndarray, np.ndarray]]) -> None:
    # sigmoid(ln 3) = 3/4. f = x s; f' = s (1 + x (1 - s)); at 0: 0 and 1/2.
    x = np.float32([0, np.log(3), -np.log(3), 100, -100])
    outputs, gradient = swishes(fast_layers.Swish(), tf.constant(x))
    np.testing.assert_allclose(outputs, x * [0.5, 0.75, 0.25, 1, 0], rtol=1e-6)
    slope = [0.5, 0.75 * (1 + np.log(3) / 4), 0.25 * (1 - np.log(3) * 3 / 4), 1, 0]
    np.testing.assert_allclose(gradient, 2 * np.float32(slope), rtol=1e-6, atol=1e-7)


def test_swish_is_the_stock_activation(
    policy: str, swishes: Callable[..., tuple[np.ndarray, np.ndarray]]
) -> None:
    ours = fast_layers.Swish(dtype=policy)
    inputs = tf.cast(values((2, 5, 7), 1) - 5, ours.compute_dtype)
    stock = keras.layers.Activation("swish", dtype=policy)
    # In bfloat16 the stock gradient rounds after each of its six operations, to 8 bits.
    tolerance = 1e-6 if policy == "float32" else 0.06
    for one, other in zip(swishes(ours, inputs), swishes(stock, inputs), strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


def test_the_gradient_of_swish_in_bfloat16_is_rounded_once(
    swishes: Callable[..., tuple[np.ndarray, np.ndarray]],
) -> None:
    inputs = tf.cast(values((2, 5, 7), 1) - 5, tf.bfloat16)
    _, gradient = swishes(fast_layers.Swish(dtype="bfloat16"), inputs)
    _, exact = swishes(keras.activations.silu, tf.cast(inputs, tf.float64))
    np.testing.assert_allclose(gradient, exact, rtol=2.0**-8)


def dropped(
    kind: type[keras.layers.Dropout], policy: str, rate: float = 0.3, **settings: object
) -> np.ndarray:
    layer = kind(rate, dtype=policy, **settings)
    inputs = tf.cast(values((40, 3, 3), 1), layer.compute_dtype)
    assert layer(inputs, training=False) is inputs or np.array_equal(
        layer(inputs, training=False), inputs
    )
    outputs = layer(inputs, training=True)
    assert outputs.dtype == inputs.dtype
    return tf.cast(outputs, tf.float32).numpy()


@pytest.mark.parametrize("noise_shape", [(None, 1, 1, 1), (40, 1, 1, None), None])
def test_dropout_is_the_stock_layer_and_draws_the_same(noise_shape: tuple[int, ...] | None) -> None:
    # EfficientNet's rates, and a larger one. To the last bit: a training from random weights ends
    # elsewhere after a difference in one.
    for rate in (*(0.2 * block / 16 for block in range(1, 16)), 0.3):
        settings = {"rate": rate, "seed": 7, "noise_shape": noise_shape}
        ours = dropped(fast_layers.Dropout, "float32", **settings)
        np.testing.assert_array_equal(ours, dropped(keras.layers.Dropout, "float32", **settings))
    assert 0 < np.mean(ours == 0) < 0.7


def test_drop_connect_leaves_out_the_same_examples_in_every_precision() -> None:
    shape = (None, 1, 1, 1)
    full = dropped(fast_layers.Dropout, "float32", seed=7, noise_shape=shape)
    for policy in ("mixed_bfloat16", "mixed_float16"):
        half = dropped(fast_layers.Dropout, policy, seed=7, noise_shape=shape)
        np.testing.assert_array_equal(half == 0, full == 0)


@pytest.fixture(scope="module")
def stock_network() -> keras.Model:
    keras.utils.set_random_seed(9)
    return keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )


def nodes_of(graph: tf.Graph) -> Iterator[tf.Operation]:
    """Yields the operations of a graph and of the functions that it calls."""
    yield from graph.get_operations()
    for function in graph._functions.values():
        if hasattr(function, "graph"):
            yield from nodes_of(function.graph)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_training_graph_has_what_a_gpu_is_fast_with(
    policy: str, stock_network: keras.Model
) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        stock = keras.applications.EfficientNetB0(
            include_top=False, weights=None, input_shape=(32, 32, 3)
        )
        network = fast_layers.with_fast_layers(stock)
    finally:
        keras.config.set_dtype_policy(before)

    @tf.function(autograph=False)
    def gradients(pixels: tf.Tensor) -> list[tf.Tensor]:
        variables = [variable.value for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.cast(network(pixels, training=True), tf.float32))
        return tape.gradient(loss, variables)

    graph = gradients.get_concrete_function(tf.TensorSpec([4, 32, 32, 3], tf.uint8)).graph
    found = [*nodes_of(graph)]
    # The layout optimiser fails where a scalar is selected for a picture.
    assert not [op.name for op in found if "Select" in op.type and op.outputs[0].shape.rank == 4]
    depthwise = [op for op in found if op.type.startswith("DepthwiseConv2dNative")]
    assert len(depthwise) == 3 * 16
    assert {op.outputs[0].dtype for op in depthwise} == {tf.float32}
    # The other convolutions do compute in half precision.
    half = tf.as_dtype(policy.removeprefix("mixed_"))
    assert {op.outputs[0].dtype for op in found if op.type == "Conv2D"} == {half}


@pytest.mark.slow
def test_weights_files_fit_the_stock_network_and_ours(
    tmp_path: Path, stock_network: keras.Model
) -> None:
    ours = fast_layers.with_fast_layers(stock_network)
    assert [weight.shape for weight in ours.weights] == [w.shape for w in stock_network.weights]
    assert sum(type(layer) is fast_layers.Dropout for layer in ours.layers) == 9

    def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
        for weight, same in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, same)

    stock_network.save_weights(tmp_path / "stock.weights.h5")
    stock_network.save(tmp_path / "stock.keras")
    ours.save_weights(tmp_path / "ours.weights.h5")
    before = ours.get_weights()
    for name in ("stock.weights.h5", "stock.keras"):
        ours.set_weights(before)
        ours.load_weights(tmp_path / name)
        assert_same_weights(ours, stock_network)
    # And the same answers, with which the depthwise kernels and the dropout are in their places.
    pixels = 255 * np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    answer, same = (each(pixels, training=False).numpy() for each in (stock_network, ours))
    np.testing.assert_allclose(same, answer, atol=1e-4 * np.abs(answer).max())
    stock_network.load_weights(tmp_path / "ours.weights.h5")
    assert not np.array_equal(stock_network.get_weights()[3], ours.get_weights()[3])
    ours.set_weights(before)
    assert_same_weights(ours, stock_network)


def test_the_layers_are_saved_and_loaded(tmp_path: Path) -> None:
    inputs = keras.Input((4, 4, CHANNELS))
    normed = fast_layers.BatchNormalization(momentum=0.7, name="norm")(inputs)
    model = keras.Model(inputs, fast_layers.Swish(name="swish")(normed))
    model(values((2, 4, 4), 1), training=True)
    model.save(tmp_path / "fast.keras")
    again = keras.models.load_model(tmp_path / "fast.keras")
    assert type(again.get_layer("norm")) is fast_layers.BatchNormalization
    assert type(again.get_layer("swish")) is fast_layers.Swish
    assert again.get_layer("norm").momentum == 0.7
    np.testing.assert_array_equal(again(values((2, 4, 4), 2)), model(values((2, 4, 4), 2)))


def test_a_checkpoint_of_version_0_1_0_loads() -> None:
    # Saved when the layers were in models/fast_layers.py; the numbers are that version's output.
    model = keras.models.load_model(Path(__file__).with_name("version_0_1_0.keras"))
    assert isinstance(model.get_layer("stem_bn"), fast_layers.BatchNormalization)
    pixels = np.arange(192, dtype=np.float32).reshape(1, 8, 8, 3) / 192
    np.testing.assert_allclose(
        model.predict_on_batch(pixels), [[0.61915785, 0.19934748, 0.18149474]], atol=1e-6
    )
