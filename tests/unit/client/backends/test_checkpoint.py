"""Checkpoints and weights of several formats are loaded."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from client.backends.checkpoint import CheckpointModel
from client.backends.expected_model import ExpectedModel
from client.backends.model import ModelInfo
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.models import quadrants
from testing.models.quadrants import MOODS


def test_the_resolution_and_the_number_of_moods_of_a_checkpoint_are_read(
    checkpoint: Path, restored: CheckpointModel
) -> None:
    assert restored.info == ModelInfo(str(checkpoint), MOODS, 32)
    with pytest.raises(
        ConfigError, match=r"--input_size 224; but .*best\.keras has an input of 32"
    ):
        CheckpointModel(checkpoint, ExpectedModel(input_size=224, mood_names=MOODS))
    with pytest.raises(ConfigError, match=r"best\.keras has 4 moods .* default label map has 6"):
        CheckpointModel(checkpoint, ExpectedModel())
    with pytest.raises(ConfigError, match=r"with 6 moods; but .*best\.keras has 4 moods"):
        CheckpointModel(checkpoint, ExpectedModel(mood_names=DEFAULT_MOODS))


@pytest.mark.slow
def test_the_threshold_and_the_data_of_a_training_are_read_beside_its_checkpoint(
    checkpoint: Path, restored: CheckpointModel, tmp_path: Path
) -> None:
    red, plain = (
        quadrants.encoded(quadrants.red_at(3)),
        quadrants.encoded(quadrants.mottled(32, 32)),
    )
    assert [r.unsure for r in restored.predict([red, plain], None)] == [None, None]
    shutil.copy(checkpoint, tmp_path)
    spec = tmp_path / "preprocessing.json"
    spec.write_text('{"unsure_below": 0.9, "trained_on": "drawings"}', "utf-8")
    model = CheckpointModel(tmp_path / checkpoint.name, ExpectedModel(mood_names=MOODS))
    assert model.info.trained_on == "drawings"
    assert [r.unsure for r in model.predict([red, plain], None)] == [False, True]
    spec.write_text("[", "utf-8")
    with pytest.raises(ConfigError, match=r"preprocessing\.json must say how the checkpoint"):
        CheckpointModel(tmp_path / checkpoint.name, ExpectedModel(mood_names=MOODS))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_keras_weights_predict_as_their_network_does(
    project_network: keras.Model, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name == "w.h5":
        _save_as_old_keras(project_network, path)
    else:
        project_network.save_weights(path)
    model = CheckpointModel(path, ExpectedModel(input_size=32, mood_names=("가", "나", "다")))
    picture = quadrants.mottled(32, 32)
    pixels = np.asarray(picture)[np.newaxis]
    expected = np.asarray(project_network(pixels, training=False))[0]
    (response,) = model.predict([quadrants.encoded(picture)], None)
    np.testing.assert_allclose([*response.probabilities.values()], expected, atol=1e-4)
    assert list(response.probabilities) == ["가", "나", "다"]
    assert np.ptp(expected) > 0.01


@pytest.mark.slow
def test_a_whole_model_in_the_old_format_is_read(tmp_path: Path) -> None:
    quadrants.quadrant_network().save(tmp_path / "whole.h5")
    model = CheckpointModel(tmp_path / "whole.h5", ExpectedModel(mood_names=MOODS))
    assert model.info.resolution == 32
    assert model.predict([quadrants.encoded(quadrants.red_at(3))], None)[0].mood == MOODS[3]


def _save_as_old_keras(model: keras.Model, path: Path) -> None:
    """Writes weights as ``save_weights`` of Keras 2 did."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


@pytest.mark.slow
def test_weights_alone_need_the_input_size_and_contradict_wrong_classes(
    project_network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "w.weights.h5"
    project_network.save_weights(path)
    for expected, message in (
        (ExpectedModel(), "do not show the resolution.*--input_size"),
        (
            ExpectedModel(input_size=32, classes=6),
            r"--classes 6.*w\.weights\.h5 has 3 moods",
        ),
        (ExpectedModel(input_size=5), "--input_size: model.resolution must lie in"),
    ):
        with pytest.raises(ConfigError, match=message):
            CheckpointModel(path, expected)


@pytest.mark.parametrize("name", ["bad.keras", "bad.h5", "bad.weights.h5"])
def test_a_file_that_is_no_checkpoint_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a checkpoint")
    with pytest.raises(ConfigError, match="holds neither a Keras model nor weights"):
        CheckpointModel(tmp_path / name, ExpectedModel(input_size=32))


def test_a_network_of_another_kind_is_an_error(tmp_path: Path) -> None:
    inputs = keras.Input((8,))
    keras.Model(inputs, keras.layers.Dense(6)(inputs)).save(tmp_path / "other.keras")
    with pytest.raises(ConfigError, match=r"square RGB pictures.*\(None, 8\) to \(None, 6\)"):
        CheckpointModel(tmp_path / "other.keras", ExpectedModel())
