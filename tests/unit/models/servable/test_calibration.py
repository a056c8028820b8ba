"""Calibration: on which rows it is fitted, whether it is kept, and the changed network."""

import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dataset.calibration_split import is_calibration_clip, is_second_half
from models.servable import calibration, threshold
from models.settings.calibration import CalibrationConfig
from schemas import artifacts, features
from schemas.errors import ConfigError
from testing.models import samples

LOGIT = np.log(9)
"""Of probabilities 0.9 and 0.1."""
CLIPS = [f"clip-{number}" for number in range(calibration.LEAST_CLIPS)]
ALWAYS, AUTO = CalibrationConfig("true"), CalibrationConfig("auto")


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


def scaled(
    folder: Path, rows: list[tuple[str, int]], config: CalibrationConfig, **split: object
) -> tuple[dict, keras.Model]:
    """Calibrates a network that gives mood 0 a probability of 0.9 in every row.

    Args:
      folder: for the files.
      rows: clip and true mood of each row.
      config: of the calibration.
      split: whether it judges, and its clips.
    """
    shard = samples.write_shard(
        folder / "0.tfrecord", [clip_example(clip, "x") for clip, _ in rows]
    )

    def batches(files: list[str]) -> tf.data.Dataset:
        assert files == [shard]
        pixels = np.full((len(rows), 1, 1, 3), LOGIT, np.float32)
        labels = np.eye(2, dtype=np.float32)[[mood for _, mood in rows]]
        return tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(7)

    model = two_mood_network()
    split = {"judges": False, "clips": len({clip for clip, _ in rows})} | split
    document = calibration.calibrate(model, [shard], batches, str(folder), config, **split)
    path = folder / artifacts.TEMPERATURE_JSON
    assert document == (json.loads(path.read_text("utf-8")) if path.exists() else None)
    return document, model


def probabilities_of(model: keras.Model) -> list[float]:
    return model.predict_on_batch(np.full((1, 1, 1, 3), LOGIT, np.float32))[0].tolist()


def interleaved(right: int, rows: int, clips: Sequence[str] = "ac") -> list[tuple[str, int]]:
    """Returns rows of each clip in turn, of which the first ``right`` of each are of mood 0."""
    return [(clip, int(row >= right)) for row in range(rows) for clip in clips]


def test_only_one_half_is_fitted_on_and_the_head_is_divided(tmp_path: Path) -> None:
    # Ten frames of a clip that is fitted on, six right at log(9), and ten of one that is not.
    rows = [(clip, int(clip == "a" and row >= 6)) for row in range(10) for clip in "ac"]
    found, model = scaled(tmp_path, rows, ALWAYS, judges=True)
    assert found["temperature"] == pytest.approx(LOGIT / np.log(1.5), rel=1e-3)
    assert (found["rows"], found["clips"], found["fitted_on"]) == (10, 1, "eval")
    assert probabilities_of(model) == pytest.approx([0.6, 0.4], abs=1e-3)


def test_no_clip_to_fit_on_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too few clips"):
        scaled(tmp_path, [("c", 0)], ALWAYS, judges=True)


def test_a_split_that_does_not_judge_is_fitted_on_as_a_whole(tmp_path: Path) -> None:
    found, _ = scaled(tmp_path, interleaved(6, 10), ALWAYS)
    assert found["temperature"] == pytest.approx(LOGIT / np.log(1.5), rel=1e-3)
    assert (found["rows"], found["clips"], found["fitted_on"]) == (20, 2, "validation")


def test_a_temperature_that_helps_on_clips_that_it_has_not_seen_is_kept(tmp_path: Path) -> None:
    # Both halves have clips, and each clip is right six times of ten.
    assert {is_second_half(clip) for clip in CLIPS} == {True, False}
    found, model = scaled(tmp_path, interleaved(6, 10, CLIPS), AUTO)
    assert found["temperature"] == pytest.approx(LOGIT / np.log(1.5), rel=1e-3)
    assert found["loss_before"] == pytest.approx(-0.6 * np.log(0.9) - 0.4 * np.log(0.1))
    assert found["loss_after"] == pytest.approx(-0.6 * np.log(0.6) - 0.4 * np.log(0.4), rel=1e-3)
    assert probabilities_of(model) == pytest.approx([0.6, 0.4], abs=1e-3)


def test_a_temperature_that_does_not_help_on_other_clips_is_not_kept(tmp_path: Path) -> None:
    # One half is always right, the other eight times of ten: the temperature of one is wrong for
    # the other.
    rows = [(clip, int(is_second_half(clip) and row >= 8)) for row in range(10) for clip in CLIPS]
    found, model = scaled(tmp_path, rows, AUTO)
    assert found["temperature"] == 1
    assert found["loss_after"] > found["loss_before"]
    assert probabilities_of(model) == pytest.approx([0.9, 0.1])


def test_few_clips_leave_the_probabilities_as_they_are(tmp_path: Path) -> None:
    config = CalibrationConfig("auto", coverage=0.5)
    found, model = scaled(tmp_path, interleaved(6, 10, CLIPS[1:]), config)
    assert (found["temperature"], found["loss_before"], found["loss_after"]) == (1, None, None)
    assert probabilities_of(model) == pytest.approx([0.9, 0.1])


def test_clips_of_one_half_alone_cannot_show_that_it_helps(tmp_path: Path) -> None:
    clips = [clip for clip in map(str, range(1000)) if is_second_half(clip)]
    assert len(clips) > calibration.LEAST_CLIPS
    found, _ = scaled(tmp_path, interleaved(6, 10, clips), AUTO)
    assert (found["temperature"], found["loss_before"], found["loss_after"]) == (1, None, None)


@pytest.mark.parametrize(
    ("clips", "fits"),
    [(calibration.LEAST_EVAL_CLIPS, True), (calibration.LEAST_EVAL_CLIPS - 1, False)],
)
def test_an_eval_split_lends_half_of_its_clips_if_it_has_enough(
    tmp_path: Path, clips: int, fits: bool
) -> None:
    rows = interleaved(6, 10, "ab")
    assert is_calibration_clip("a")
    found, model = scaled(tmp_path, rows, AUTO, judges=True, clips=clips)
    assert (found is not None) == fits
    if not fits:
        assert probabilities_of(model) == pytest.approx([0.9, 0.1])


def test_without_calibration_no_eval_clip_is_lent_to_the_threshold(tmp_path: Path) -> None:
    config = CalibrationConfig("false", coverage=0.5)
    assert scaled(tmp_path, interleaved(6, 10), config, judges=True, clips=5000)[0] is None


def test_the_threshold_is_that_of_the_calibrated_probabilities(tmp_path: Path) -> None:
    config = CalibrationConfig("true", target_accuracy=0.9)
    found, _ = scaled(tmp_path, interleaved(6, 10), config)
    assert found["unsure_below"] == threshold.ALL_UNSURE  # All are at 0.6, and right as often.
    config = CalibrationConfig("true", coverage=0.5)
    assert scaled(tmp_path, interleaved(6, 10), config)[0]["unsure_below"] == 0  # All are equal.
    assert scaled(tmp_path, interleaved(6, 10), ALWAYS)[0]["unsure_below"] == 0


def test_nothing_to_fit_writes_nothing(tmp_path: Path) -> None:
    assert scaled(tmp_path, interleaved(6, 10), CalibrationConfig())[0] is None


def test_about_half_of_the_clips_are_in_each_half() -> None:
    names = [f"20201028_cat-arch-{number:06d}" for number in range(2000)]
    halves = [(is_calibration_clip(name), is_second_half(name)) for name in names]
    assert all(400 < halves.count(each) < 600 for each in set(halves))
    assert len(set(halves)) == 4
    # sha256 of "a" ends in bb, that of "c" in ... c6: an odd and an even byte.
    assert (is_calibration_clip("a"), is_calibration_clip("c")) == (True, False)
