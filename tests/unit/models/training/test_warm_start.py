"""The weights that a training begins with."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from models.network import classifier
from models.settings import ModelSettings
from models.training import warm_start
from schemas import artifacts, signatures
from testing.models import samples

HEAD = ("head", "head_norm")


def settings(weights: str = "none") -> ModelSettings:
    return ModelSettings(weights=weights, resolution=samples.SIDE)


def test_without_a_base_model_the_settings_say_what_to_start_from() -> None:
    assert warm_start.with_base_weights(settings("imagenet"), None) == settings("imagenet")


def test_a_trained_model_carries_its_checkpoint_and_moods(trained: SimpleNamespace) -> None:
    weights = Path(warm_start.with_base_weights(settings(), trained.serving_model_dir).weights)
    assert weights == Path(trained.serving_model_dir).parent / "checkpoint" / "best.keras"
    in_run = Path(trained.model_run_dir) / artifacts.CHECKPOINT_KERAS
    assert weights.read_bytes() == in_run.read_bytes()
    assert weights.with_name(signatures.LABELS_ASSET).is_file()


def head_of(model: keras.Model) -> np.ndarray:
    weights = [array for name in HEAD for array in model.get_layer(name).get_weights()]
    return np.concatenate([array.ravel() for array in weights])


@pytest.fixture(scope="module")
def best(trained: SimpleNamespace) -> keras.Model:
    """The network of the checkpoint."""
    return keras.models.load_model(
        warm_start.with_base_weights(settings(), trained.serving_model_dir).weights
    )


@pytest.mark.parametrize(
    ("mood_names", "loaded"),
    [
        (samples.MOODS, True),
        (tuple(reversed(samples.MOODS)), False),
        (("공포", "행복/즐거움"), False),
    ],
)
def test_the_head_goes_on_where_the_moods_are_the_same(
    trained: SimpleNamespace, best: keras.Model, mood_names: tuple[str, ...], loaded: bool
) -> None:
    start = warm_start.with_base_weights(settings(), trained.serving_model_dir)
    model = classifier.build(start, len(mood_names))
    fresh = head_of(model)
    assert warm_start.load_head(model, start.weights, mood_names) is loaded
    np.testing.assert_array_equal(head_of(model), head_of(best) if loaded else fresh)
    stem = "stem_conv"
    np.testing.assert_array_equal(
        model.get_layer(stem).get_weights()[0], best.get_layer(stem).get_weights()[0]
    )


def test_weights_without_a_label_map_give_no_head(trained: SimpleNamespace, tmp_path: Path) -> None:
    alone = tmp_path / "best.keras"
    alone.write_bytes((Path(trained.model_run_dir) / artifacts.CHECKPOINT_KERAS).read_bytes())
    model = samples.named_network()
    before = head_of(model)
    assert not warm_start.load_head(model, str(alone), samples.MOODS)
    assert not warm_start.load_head(model, "none", samples.MOODS)
    np.testing.assert_array_equal(head_of(model), before)
