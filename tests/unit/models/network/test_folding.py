"""A folded network has the outputs of the original, with fewer layers."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

from models.network import classifier, fast_layers
from models.network.folding import fold_batch_norms
from models.settings.network import ModelSettings

CHANNELS = 6
Layer = keras.layers.Layer


@pytest.fixture(autouse=True)
def the_same_weights_each_time() -> None:
    keras.utils.set_random_seed(0)


def with_random_norms(model: keras.Model) -> keras.Model:
    """Gives the normalisations weights with which they change their inputs."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 2.0, each.shape) for each in layer.weights])
    return model


def two_layers(convolution: Layer, norm: Layer) -> keras.Model:
    pixels = keras.Input((8, 8, CHANNELS))
    return with_random_norms(keras.Model(pixels, norm(convolution(pixels))))


def pictures(side: int, channels: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (3, side, side, channels)).astype(np.float32)


def normalisations(model: keras.Model) -> list[str]:
    kind = keras.layers.BatchNormalization
    return [layer.name for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    "convolution",
    [
        lambda: keras.layers.Conv2D(4, 3, use_bias=False),
        lambda: keras.layers.Conv2D(4, 3, bias_initializer="random_normal"),
        lambda: keras.layers.DepthwiseConv2D(3, use_bias=False),
        lambda: keras.layers.DepthwiseConv2D(
            3, depth_multiplier=2, bias_initializer="random_normal"
        ),
    ],
)
@pytest.mark.parametrize(
    "norm",
    [
        lambda: fast_layers.BatchNormalization(epsilon=0.01),
        lambda: keras.layers.BatchNormalization(scale=False),
        lambda: keras.layers.BatchNormalization(center=False),
    ],
)
def test_a_normalisation_is_folded_into_its_convolution(
    convolution: Callable[[], Layer], norm: Callable[[], Layer]
) -> None:
    model = two_layers(convolution(), norm())
    folded = fold_batch_norms(model)
    assert (len(normalisations(model)), len(normalisations(folded))) == (1, 0)
    pixels = pictures(8, CHANNELS)
    expected = model(pixels, training=False).numpy()
    np.testing.assert_allclose(folded(pixels, training=False), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_the_whole_network_has_the_same_outputs_and_is_not_changed() -> None:
    model = with_random_norms(classifier.build(ModelSettings(weights="none", resolution=32), 6))
    # This class is not registered with Keras, so a copy of it would fail.
    model.compile(type("OurOwn", (keras.optimizers.Adam,), {})(), "categorical_crossentropy")
    before = [weight.numpy() for weight in model.weights]
    folded = fold_batch_norms(model)
    assert not folded.compiled
    # The head's normalisation follows no convolution.
    assert normalisations(folded) == ["head_norm"]
    pixels = pictures(32, 3)
    for each in (model, keras.Model(model.input, model.get_layer("top_activation").output)):
        expected = each(pixels, training=False).numpy()
        size = np.abs(expected).max()
        outputs = fold_batch_norms(each)(pixels, training=False).numpy()
        np.testing.assert_allclose(outputs / size, expected / size, atol=1e-4)
    for weight, original in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), original)


def test_what_is_served_is_folded(trained: SimpleNamespace) -> None:
    saved_model = Path(trained.serving_model_dir, "saved_model.pb")
    graph = saved_model_pb2.SavedModel.FromString(saved_model.read_bytes())
    (served,) = graph.meta_graphs
    kinds = [
        node.op for function in served.graph_def.library.function for node in function.node_def
    ]
    assert kinds.count("Conv2D") > 40
    assert "FusedBatchNormV3" not in kinds


def test_a_convolution_that_other_layers_read_too_stays() -> None:
    pixels = keras.Input((8, 8, CHANNELS))
    shared = keras.layers.Conv2D(4, 1)(pixels)
    total = keras.layers.Add()([shared, fast_layers.BatchNormalization()(shared)])
    model = with_random_norms(keras.Model(pixels, total))
    folded = fold_batch_norms(model)
    assert len(normalisations(folded)) == 1
    pixels = pictures(8, CHANNELS)
    np.testing.assert_allclose(folded(pixels), model(pixels), rtol=1e-5)


def test_a_normalisation_after_an_activation_stays() -> None:
    model = two_layers(
        keras.layers.Conv2D(4, 1, activation="relu"), fast_layers.BatchNormalization()
    )
    folded = fold_batch_norms(model)
    assert len(normalisations(folded)) == 1
    pixels = pictures(8, CHANNELS)
    np.testing.assert_allclose(folded(pixels), model(pixels), rtol=1e-5)
