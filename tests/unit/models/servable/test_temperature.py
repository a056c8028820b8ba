"""Temperature scaling: the fitted number, the clips it is fitted on, and the changed network."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dataset.calibration_split import is_calibration_clip
from models.servable import temperature
from schemas import artifacts, features
from schemas.errors import ConfigError
from testing.models import samples


def test_the_temperature_makes_confidence_the_share_of_right_predictions() -> None:
    # Predicted with 0.9 and right 6 times of 10: log(9) / T must be log(1.5).
    probabilities = np.array([[0.9, 0.1]] * 10, np.float32)
    label_indices = np.array([0] * 6 + [1] * 4)
    found = temperature.fit(probabilities, label_indices)
    assert found == pytest.approx(np.log(9) / np.log(1.5), rel=1e-3)


def test_probabilities_of_0_do_not_break_the_fit() -> None:
    found = temperature.fit(np.array([[1, 0], [1, 0]], np.float32), np.array([0, 1]))
    assert found == pytest.approx(temperature.HIGHEST, rel=0.01)


def test_about_half_of_the_clips_are_fitted_on_and_always_the_same() -> None:
    names = [f"20201028_cat-arch-{number:06d}" for number in range(2000)]
    halves = [is_calibration_clip(name) for name in names]
    assert 900 < sum(halves) < 1100
    # sha256 of "a" ends in bb, that of "c" in ... c6: an odd and an even byte.
    assert (is_calibration_clip("a"), is_calibration_clip("c")) == (True, False)


def clip_example(clip: str, label: str) -> bytes:
    record = tf.train.Example.FromString(samples.example(b"", label))
    record.features.feature[features.CLIP].bytes_list.value.append(clip.encode())
    return record.SerializeToString()


def two_mood_network() -> keras.Model:
    """Returns a network whose logits are (pixel's value, 0)."""
    pixels = keras.Input((1, 1, 3))
    head = keras.layers.Dense(2, activation="softmax", name="head")
    model = keras.Model(pixels, head(keras.layers.Flatten()(pixels)))
    head.set_weights([np.array([[1, 0], [0, 0], [0, 0]], np.float32), np.zeros(2, np.float32)])
    return model


def write(folder: Path, clips: list[str]) -> str:
    return samples.write_shard(folder / "0.tfrecord", [clip_example(clip, "x") for clip in clips])


def test_only_one_half_is_fitted_on_and_the_head_is_divided(tmp_path: Path) -> None:
    # Ten frames of a clip that is fitted on, six right at log(9), and ten of one that is not.
    shard = write(tmp_path, ["a", "c"] * 10)
    is_mood_0 = np.array([[int(i < 6), 1] for i in range(10)]).ravel()

    def batches(files: list[str]) -> tf.data.Dataset:
        assert files == [shard]
        pixels = np.full((20, 1, 1, 3), np.log(9), np.float32)
        labels = np.stack([is_mood_0, 1 - is_mood_0], axis=1).astype(np.float32)
        return tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(7)

    model = two_mood_network()
    found = temperature.scale(model, [shard], batches, str(tmp_path), judges=True)
    assert found == pytest.approx(np.log(9) / np.log(1.5), rel=1e-3)
    probabilities = model.predict_on_batch(np.full((1, 1, 1, 3), np.log(9), np.float32))
    np.testing.assert_allclose(probabilities, [[0.6, 0.4]], atol=1e-3)
    document = json.loads((tmp_path / artifacts.TEMPERATURE_JSON).read_text("utf-8"))
    assert document == {"temperature": found, "rows": 10}


def test_no_clip_to_fit_on_is_an_error(tmp_path: Path) -> None:
    shard = write(tmp_path, ["c"])
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros((1, 1, 1, 3)), np.eye(2)[:1])).batch(1)
    with pytest.raises(ConfigError, match="too few clips"):
        temperature.scale(
            two_mood_network(), [shard], lambda files: dataset, str(tmp_path), judges=True
        )


def test_a_split_that_does_not_judge_is_fitted_on_as_a_whole(tmp_path: Path) -> None:
    # Clip "a" is right 5 times of 5, "c" (of the other half) once of 5: together 6 of 10.
    shard = write(tmp_path, ["a"] * 5 + ["c"] * 5)
    right = np.array([1] * 6 + [0] * 4)
    pixels = np.full((10, 1, 1, 3), np.log(9), np.float32)
    labels = np.stack([right, 1 - right], axis=1).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(4)
    found = temperature.scale(
        two_mood_network(), [shard], lambda files: batches, str(tmp_path), judges=False
    )
    assert found == pytest.approx(np.log(9) / np.log(1.5), rel=1e-3)
    document = json.loads((tmp_path / artifacts.TEMPERATURE_JSON).read_text("utf-8"))
    assert document["rows"] == 10
