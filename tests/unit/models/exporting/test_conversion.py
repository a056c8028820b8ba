"""A network answers in each format as in Keras."""

from pathlib import Path

import numpy as np
import pytest

from models.exporting import conversion, runtimes
from schemas import exports
from testing.models import small_network
from testing.models.quadrants import SIDE

pytestmark = pytest.mark.slow

PIXELS = np.random.default_rng(3).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network():
    """EfficientNet's first blocks, with a Normalization, folded norms and a softmax."""
    import keras

    keras.utils.set_random_seed(4)
    backbone = small_network.new_backbone(SIDE)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    head = keras.layers.Dense(4, activation="softmax")
    return keras.Model(backbone.input, head(keras.layers.BatchNormalization()(pooled)))


@pytest.fixture(scope="module")
def converter(network):
    return conversion.Converter(network, PIXELS)


@pytest.mark.parametrize("name", exports.FORMATS)
def test_a_format_answers_as_the_network(name: str, network, converter, tmp_path: Path) -> None:
    path = converter.write(name, tmp_path)
    # Nothing is left of what it was made from.
    written = sorted(file.name for file in tmp_path.iterdir())
    beside = ["model.bin"] if exports.runtime_of(name) == exports.OPENVINO else []
    assert written == [*beside, exports.MODEL_FILES[exports.runtime_of(name)]]
    predict = runtimes.opened(path, threads=1)
    expected = network(PIXELS, training=False).numpy()
    tolerance = {"": 1e-5, exports.FLOAT16: 1e-2, exports.INT8: 0.1}[exports.precision_of(name)]
    np.testing.assert_allclose(predict(PIXELS), expected, atol=tolerance)
    # Another number of pictures, and an earlier answer that stays what it was.
    one = predict(PIXELS[:1])
    predict(PIXELS[1:2])
    np.testing.assert_allclose(one, expected[:1], atol=tolerance)
