"""Each mode of fine-tuning changes the layers that it should and no others."""

import keras
import numpy as np
import pytest

from models.network import classifier, fast_layers
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import fine_tuning
from models.training.fine_tuning import Phase
from testing.models import samples

PIXELS = np.stack([samples.mottled(8, 8, seed) for seed in range(4)]).astype(np.float32)
LABELS = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]


def changed_layers(model: keras.Model) -> tuple[set[str], set[str]]:
    """Trains a step; returns the layers with changed trainable weights and with changed others."""

    def weights() -> dict[tuple[str, str, bool], np.ndarray]:
        moving = ("moving_mean", "moving_variance")
        return {
            (layer.name, variable.path, variable.name in moving): variable.numpy()
            for layer in model.layers
            for variable in layer.variables
        }

    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", jit_compile=False)
    before = weights()
    model.train_on_batch(PIXELS, LABELS)
    after = weights()
    changed = [key for key in before if not np.array_equal(before[key], after[key])]
    learnt = {layer for layer, _, moving in changed if not moving}
    return learnt, {layer for layer, _, moving in changed if moving}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "learnt", "moved"),
    [
        ("head", {"head", "head_norm"}, {"head_norm"}),
        (
            "last_block",
            {"head", "head_norm", "block7a_conv", "block7a_bn"},
            {"head_norm", "block7a_bn"},
        ),
        (
            "full",
            {
                "head",
                "head_norm",
                "block7a_conv",
                "block7a_bn",
                "block6a_conv",
                "block6a_bn",
                "stem_conv",
                "stem_bn",
            },
            {"head_norm", "block7a_bn", "block6a_bn", "stem_bn"},
        ),
    ],
)
def test_a_step_changes_the_part_and_its_moving_statistics_alone(
    part: str, learnt: set[str], moved: set[str]
) -> None:
    model = samples.named_network()
    fine_tuning.freeze(model, part)
    assert changed_layers(model) == (learnt, moved)


def test_a_frozen_batch_norm_normalises_as_in_inference() -> None:
    model = samples.named_network()
    fine_tuning.freeze(model, "head")
    backbone = keras.Model(model.input, model.get_layer("block7a_bn").output)
    np.testing.assert_allclose(backbone(PIXELS, training=True), backbone(PIXELS), rtol=1e-6)
    fine_tuning.freeze(model, "full")
    assert np.abs(backbone(PIXELS, training=True) - backbone(PIXELS)).max() > 0.1


def network_with_drops() -> keras.Model:
    """Returns a network whose block and head leave out half of the examples or features."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 3))
    flow = keras.layers.Conv2D(4, 3, name="block6a_conv")(pixels)
    flow = fast_layers.Dropout(0.5, noise_shape=(None, 1, 1, 1), name="block6a_drop")(flow)
    flow = keras.layers.GlobalAveragePooling2D(name="head_pool")(flow)
    flow = fast_layers.Dropout(0.5, name="head_drop")(flow)
    return keras.Model(pixels, keras.layers.Dense(2, name="head")(flow))


def test_a_frozen_part_leaves_out_nothing_and_the_head_does() -> None:
    model = network_with_drops()
    features, dropped = (
        keras.Model(model.input, model.get_layer(name).output)
        for name in ("head_pool", "head_drop")
    )
    fine_tuning.freeze(model, "head")
    np.testing.assert_array_equal(features(PIXELS, training=True), features(PIXELS))
    assert (np.asarray(dropped(PIXELS, training=True)) == 0).any()
    np.testing.assert_array_equal(dropped(PIXELS), features(PIXELS))  # None in inference.
    fine_tuning.freeze(model, "full")
    assert (np.asarray(features(PIXELS, training=True)) == 0).any()


def test_what_was_frozen_learns_again_in_the_next_phase() -> None:
    model = samples.named_network()
    everything = len(model.trainable_variables)
    fine_tuning.freeze(model, "head")
    fine_tuning.freeze(model, "full")
    assert len(model.trainable_variables) == everything


def test_the_two_phases_share_the_epochs_and_the_second_is_slower() -> None:
    settings = TrainSettings(
        fine_tune="two_phase", epochs=10, head_epochs=3, learning_rate=0.01, full_rate=0.1
    )
    head, full = fine_tuning.phases(settings)
    assert head == Phase("head", 0, 3, 0.01, is_last=False)
    assert full == Phase("full", 3, 10, pytest.approx(0.001), is_last=True)


@pytest.mark.parametrize("mode", ["head", "last_block", "full"])
def test_the_other_modes_are_one_phase(mode: str) -> None:
    settings = TrainSettings(fine_tune=mode, epochs=10, learning_rate=0.01)
    assert fine_tuning.phases(settings) == [Phase(mode, 0, 10, 0.01, is_last=True)]


@pytest.mark.parametrize(
    ("name", "distance"),
    [
        ("head", 0),
        ("head_norm", 0),
        ("top_conv", 1),
        ("block7a_bn", 1),
        ("block6d_project_bn", 2),
        ("block2b_se_expand", 6),
        ("block1a_dwconv", 7),
        ("stem_bn", 8),
    ],
)
def test_the_distance_is_counted_in_blocks_from_the_head(name: str, distance: int) -> None:
    assert fine_tuning.distance_from_head(name) == distance


def test_a_layer_of_another_name_has_no_distance() -> None:
    with pytest.raises(ValueError, match="Received: 'dense_1'"):
        fine_tuning.distance_from_head("dense_1")


@pytest.mark.slow
def test_every_layer_of_the_real_network_that_learns_has_a_distance() -> None:
    model = classifier.build(ModelSettings(weights="none", resolution=samples.SIDE), 4)
    multipliers = fine_tuning.rate_multipliers(model, 0.5)
    assert len(multipliers) == len(model.trainable_variables)
    assert set(multipliers) == {0.5**distance for distance in range(9)}
    fine_tuning.freeze(model, "last_block")
    assert not model.get_layer("block6d_drop").trainable
    assert model.get_layer("head_drop").trainable
    learnt = {v.path.split("/")[0][:6] for v in model.trainable_variables}
    assert learnt == {"block7", "top_co", "top_bn", "head_n", "head"}
