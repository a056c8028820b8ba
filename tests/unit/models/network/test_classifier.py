"""The network computes what the stock ImageNet graph computes, whatever its weights' source."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest

from models.network import backbone_weights, classifier
from models.settings.network import ModelSettings
from schemas.errors import ConfigError
from testing.models import samples

SIDE = samples.SIDE
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
PIXELS = np.stack([samples.mottled(SIDE, SIDE, seed) for seed in (1, 2)]).astype(np.float32)


def stock(weights: str | None) -> keras.Model:
    return keras.applications.EfficientNetB0(
        include_top=False, weights=weights, input_shape=(SIDE, SIDE, 3)
    )


def normalization(model: keras.Model) -> keras.layers.Normalization:
    (layer,) = (each for each in model.layers if isinstance(each, keras.layers.Normalization))
    return layer


class Features(NamedTuple):
    """Activations of a backbone for ``PIXELS``: after its first blocks, and at its end."""

    early: np.ndarray
    last: np.ndarray


def features_of(model: keras.Model) -> Features:
    layers = [model.get_layer(name).output for name in ("block2b_add", "top_activation")]
    return Features(*(np.asarray(each) for each in keras.Model(model.input, layers)(PIXELS)))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


def assert_same(one: Features, other: Features) -> None:
    assert difference(one.early, other.early) < 1e-4
    # A random network multiplies the rounding of its 80 layers.
    assert difference(one.last, other.last) < 0.02


@pytest.fixture(scope="module")
def notop_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights files like Keras' own: its Normalization holds std as variance."""
    keras.utils.set_random_seed(3)
    model = stock(None)
    layer = normalization(model)
    layer.adapt_mean.assign(MEAN)
    layer.adapt_variance.assign(STD)
    layer.finalize_state()
    # With fresh statistics the signal dies on its way up, and all inputs look alike there.
    norms = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    for each in norms:
        each.momentum = 0.0
    model(np.stack([samples.mottled(SIDE, SIDE, seed) for seed in range(16)]), training=True)
    folder = tmp_path_factory.mktemp("weights")
    model.save(folder / "efficientnetb0_notop.h5")
    model.save_weights(folder / "backbone.weights.h5")
    model.save(folder / "backbone.keras")
    return folder


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Replaces the download of Keras' applications by a local file, or by an error."""

    def use(result: object) -> None:
        def get_file(name: str, *_: object, **__: object) -> str:
            assert name == "efficientnetb0_notop.h5"
            if isinstance(result, Exception):
                raise result
            return str(result)

        target = "keras.src.applications.efficientnet.file_utils.get_file"
        monkeypatch.setattr(target, get_file)

    return use


@pytest.fixture(scope="module")
def imagenet_features(notop_files: Path) -> Features:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "keras.src.applications.efficientnet.file_utils.get_file",
            lambda *_, **__: str(notop_files / "efficientnetb0_notop.h5"),
        )
        return features_of(stock("imagenet"))


@pytest.mark.slow
def test_imagenet_weights_compute_what_keras_imagenet_graph_computes(
    notop_files: Path, imagenet_features: Features, store: Callable[[object], None]
) -> None:
    store(notop_files / "efficientnetb0_notop.h5")
    model = classifier.build(ModelSettings(weights="imagenet", resolution=SIDE), 6)
    assert_same(features_of(model), imagenet_features)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["efficientnetb0_notop.h5", "backbone.weights.h5", "backbone.keras"]
)
def test_the_same_weights_from_a_file_compute_the_same(
    notop_files: Path, imagenet_features: Features, name: str
) -> None:
    path = str(notop_files / name)
    model = classifier.build(ModelSettings(weights=path, resolution=SIDE), 6)
    assert_same(features_of(model), imagenet_features)


@pytest.mark.slow
def test_stock_keras_with_a_path_would_compute_something_else(
    notop_files: Path, imagenet_features: Features
) -> None:
    # The fault that the classifier works around; when Keras mends it, this test fails.
    theirs = features_of(stock(str(notop_files / "efficientnetb0_notop.h5")))
    assert difference(theirs.early, imagenet_features.early) > 0.2
    assert difference(theirs.last, imagenet_features.last) > 0.2


@pytest.mark.slow
def test_a_whole_checkpoint_of_a_former_run_gives_its_backbone(
    notop_files: Path, imagenet_features: Features, tmp_path: Path
) -> None:
    settings = ModelSettings(weights=str(notop_files / "backbone.keras"), resolution=SIDE)
    classifier.build(settings, 4).save(tmp_path / "best.keras")
    again = ModelSettings(weights=str(tmp_path / "best.keras"), resolution=SIDE)
    model = classifier.build(again, 6)  # Another number of moods does not matter.
    assert_same(features_of(model), imagenet_features)


@pytest.fixture(scope="module")
def untrained() -> keras.Model:
    """A network with random weights, for 5 moods."""
    settings = ModelSettings(weights="none", resolution=SIDE, batch_norm_momentum=0.9)
    return classifier.build(settings, 5)


def test_with_random_weights_pixels_are_normalised_too(untrained: keras.Model) -> None:
    pixels = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    normalised = keras.Model(untrained.input, normalization(untrained).output)(pixels)
    # White: (1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225.
    np.testing.assert_allclose(np.asarray(normalised)[0, 0, 0], [2.2489, 2.4286, 2.64], rtol=1e-4)


def test_the_output_is_a_distribution_over_the_moods(untrained: keras.Model) -> None:
    probabilities = np.asarray(untrained(PIXELS.astype(np.uint8), training=False))
    assert probabilities.shape == (2, 5)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.slow
def test_every_batch_norm_gets_the_momentum(untrained: keras.Model) -> None:
    model = untrained
    norms = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    assert len(norms) == 49 + 1  # EfficientNetB0's and the head's.
    assert {each.momentum for each in norms} == {0.9}
    layer = norms[0]
    before = layer.moving_variance.numpy().copy()
    model(PIXELS, training=True)
    moved = layer.moving_variance.numpy()
    assert np.abs(moved - before).max() > 0
    model(PIXELS, training=True)
    # The same batch again: the distance to its variance shrinks by the momentum.
    step, next_step = moved - before, layer.moving_variance.numpy() - moved
    np.testing.assert_allclose(next_step, 0.9 * step, rtol=1e-3, atol=1e-6)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    """A backbone whose loading fails."""
    return classifier.new_backbone(SIDE)


@pytest.mark.slow
def test_a_failed_download_is_an_error_that_names_the_two_other_ways(
    store: Callable[[object], None], backbone: keras.Model
) -> None:
    store(Exception("URL fetch failure on https://...: Name or service not known"))
    with pytest.raises(ConfigError, match=r"model\.weights=FILE.*model\.weights=none"):
        backbone_weights.load(backbone, "imagenet")


def test_a_missing_weights_file_is_an_error(backbone: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file"):
        backbone_weights.load(backbone, str(tmp_path / "none.h5"))


def test_a_file_of_another_kind_is_an_error(backbone: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"not for Keras")
    with pytest.raises(ConfigError, match=r"ends in one of \.keras"):
        backbone_weights.load(backbone, str(tmp_path / "weights.pt"))


@pytest.mark.parametrize("name", ["bad.h5", "bad.weights.h5", "bad.keras"])
def test_a_broken_weights_file_is_an_error(
    backbone: keras.Model, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"not a weights file")
    with pytest.raises(ConfigError, match="does not hold weights of EfficientNetB0"):
        backbone_weights.load(backbone, str(tmp_path / name))


@pytest.mark.parametrize("name", ["other.h5", "other.weights.h5", "other.keras"])
def test_weights_of_another_network_are_an_error(
    backbone: keras.Model, tmp_path: Path, name: str
) -> None:
    inputs = keras.Input((SIDE, SIDE, 3))
    other = keras.Model(inputs, keras.layers.Conv2D(4, 3)(inputs))
    if name.endswith(".weights.h5"):
        other.save_weights(tmp_path / name)
    else:
        other.save(tmp_path / name)
    with pytest.raises(ConfigError, match="does not hold weights of EfficientNetB0"):
        backbone_weights.load(backbone, str(tmp_path / name))


@pytest.mark.slow
def test_a_weights_file_cut_short_is_an_error(
    notop_files: Path, backbone: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "short.weights.h5"
    shutil.copy(notop_files / "backbone.weights.h5", path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(ConfigError, match="does not hold weights of EfficientNetB0"):
        backbone_weights.load(backbone, str(path))


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.2, 0.3), (0.0, 0.0), (0.4, 0.0)])
def test_the_rates_of_dropping_are_the_settings_and_checkpoints_fit_all_of_them(
    rates: tuple[float, float], tmp_path: Path
) -> None:
    def build(drop_path: float, head_dropout: float) -> keras.Model:
        return classifier.build(
            ModelSettings(
                weights="none", resolution=SIDE, drop_path=drop_path, head_dropout=head_dropout
            ),
            4,
        )

    drop_path, head_dropout = rates
    model = build(drop_path, head_dropout)
    # Keras' rate is drop_path * block / 16.
    assert model.get_layer("block6d_drop").rate == pytest.approx(drop_path * 14 / 16)
    assert model.get_layer("block2b_drop").rate == pytest.approx(drop_path * 2 / 16)
    assert model.get_layer("head_drop").rate == head_dropout
    other = build(0.2, 0.0)
    other.save(tmp_path / "other.keras")
    model.load_weights(tmp_path / "other.keras")
    np.testing.assert_array_equal(model(PIXELS), other(PIXELS))
