"""Pictures are asked of a pushed version and of a checkpoint, good and bad files mixed."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from client.backends.checkpoint import CheckpointModel
from client.backends.expected_model import ExpectedModel, expected_model
from client.backends.model import Model, ModelInfo, Response
from client.backends.saved_model import SavedModel
from client.backends.weight_path import info_of
from client.predict import predictor
from client.predict.prediction_inputs import Input, of_pictures
from client.predict.predictions import FailedPrediction, Outcome, Prediction
from dataset.boxes import PixelBox
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.models import quadrants as samples

MOODS, SURE = samples.MOODS, samples.SURE


@pytest.fixture(scope="module")
def pushed(version: Path) -> SavedModel:
    return SavedModel(version, info_of(version))


@pytest.fixture(scope="module")
def restored(checkpoint: Path, label_file: Path) -> CheckpointModel:
    return CheckpointModel(checkpoint, expected_model(None, None, label_file))


def answers(model: Model, names: Sequence[Path], box: PixelBox | None = None) -> list[Outcome]:
    bbox = ",".join(map(str, box or ()))
    inputs = of_pictures([*map(str, names)], bbox)
    return [row for batch in predictor.predict_all(model, inputs) for row in batch]


def saved(folder: Path, **photos: bytes) -> list[Path]:
    for name, photo in photos.items():
        (folder / name).write_bytes(photo)
    return [folder / name for name in photos]


def moods(rows: list[Outcome]) -> list[str]:
    return [row.mood if isinstance(row, Prediction) else row.error for row in rows]


def probabilities(rows: list[Outcome]) -> np.ndarray:
    return np.array([[*row.probabilities.values()] for row in rows if isinstance(row, Prediction)])


def test_the_red_quadrant_names_the_mood(pushed: SavedModel, tmp_path: Path) -> None:
    names = saved(tmp_path, **{f"{q}.png": samples.encoded(samples.red_at(q)) for q in range(4)})
    rows = answers(pushed, names)
    assert moods(rows) == list(MOODS)
    np.testing.assert_allclose(probabilities(rows).max(axis=1), SURE, atol=1e-5)
    assert [row.image for row in rows] == [str(name) for name in names]


def test_good_pictures_are_answered_among_broken_ones(pushed: SavedModel, tmp_path: Path) -> None:
    jpeg = samples.encoded(samples.mottled(200, 300), "JPEG")
    names = saved(
        tmp_path,
        good=samples.encoded(samples.red_at(2)),
        text=b"no picture",
        cut=jpeg[: len(jpeg) // 2],
        webp=samples.encoded(samples.red_at(3), "WEBP", lossless=True),
        empty=b"",
        last=samples.encoded(samples.red_at(1), "GIF"),
    )
    names.insert(1, tmp_path / "missing.jpg")
    rows = answers(pushed, names)
    assert moods(rows) == [
        MOODS[2], "image_missing", "not_an_image", "image_truncated", MOODS[3], "not_an_image",
        MOODS[1],
    ]  # fmt: skip
    assert all(row.detail for row in rows if isinstance(row, FailedPrediction))


def test_a_picture_that_only_pillow_can_read_is_answered(
    pushed: SavedModel, tmp_path: Path
) -> None:
    white_at_2 = samples.red_at(2).getchannel("R").convert("1")
    bmp = samples.encoded(white_at_2, "BMP")  # One bit a pixel.
    assert pushed.predict([bmp], None)[0].status == "image_unreadable"
    assert moods(answers(pushed, saved(tmp_path, bmp=bmp))) == [MOODS[2]]


def test_a_phones_photo_is_turned_before_it_is_asked(pushed: SavedModel, tmp_path: Path) -> None:
    photo = samples.encoded(samples.red_at(0, 48, 64), "JPEG", samples.LIES_ON_ITS_SIDE)
    assert pushed.predict([photo], None)[0].mood == MOODS[0]  # The model itself ignores EXIF.
    assert moods(answers(pushed, saved(tmp_path, photo=photo))) == [MOODS[1]]


def test_a_box_is_in_pixels_of_the_upright_picture(pushed: SavedModel, tmp_path: Path) -> None:
    # Stored 40 high and 100 wide, upright 100 high and 40 wide. Upright rows 60..100 are the
    # stored columns 60..100, where the top left is red as stored and the top right upright.
    # The margin is 2 black rows at the top; elsewhere there is no room for one.
    stored = np.zeros((40, 100, 3), np.uint8)
    stored[:20, 60:80] = samples.RED
    image = samples.Image.fromarray(stored)
    names = saved(tmp_path, photo=samples.encoded(image, "PNG", samples.LIES_ON_ITS_SIDE))
    (row,) = answers(pushed, names, PixelBox(60, 0, 40, 40))
    assert isinstance(row, Prediction)
    assert row.mood == MOODS[1]
    assert row.probabilities[MOODS[1]] > 0.99


def test_a_box_past_the_edge_of_one_picture_leaves_the_others(
    pushed: SavedModel, tmp_path: Path
) -> None:
    names = saved(
        tmp_path,
        large=samples.encoded(samples.red_at(0, 40, 40)),
        small=samples.encoded(samples.red_at(0, 39, 40)),
    )
    rows = answers(pushed, names, PixelBox(0, 0, 40, 40))
    assert moods(rows) == [MOODS[0], "box_outside_image"]
    assert isinstance(rows[1], FailedPrediction)
    assert "rows 0..40, columns 0..40 of an image of 39 x 40" in rows[1].detail


def test_a_picture_is_asked_about_once_a_box_and_whole_without_one(
    pushed: SavedModel, restored: CheckpointModel, tmp_path: Path
) -> None:
    # Red are rows 0..32 and columns 32..64: the top right of the whole, all of the last box.
    (path,) = saved(tmp_path, photo=samples.encoded(samples.red_at(1, 64, 64)))
    photo = str(path)
    boxes = [None, PixelBox(0, 0, 65, 5), PixelBox(4, 36, 24, 24)]
    inputs = [Input(photo, photo, box) for box in boxes]
    for model in (pushed, restored):
        (rows,) = predictor.predict_all(model, inputs)
        assert moods(rows[:2]) == [MOODS[1], "box_outside_image"]
        assert isinstance(rows[0], Prediction)
        assert rows[0].probabilities[MOODS[1]] == pytest.approx(SURE, abs=1e-3)
        assert isinstance(rows[2], Prediction)
        assert rows[2].probabilities == dict.fromkeys(MOODS, 0.25)


def test_more_pictures_than_a_batch_keep_their_order(pushed: SavedModel, tmp_path: Path) -> None:
    count = 2 * predictor.BATCH + 1
    photos = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
    names = saved(tmp_path, **{f"{place:03}": photos[place % 4] for place in range(count)})
    sizes = [len(rows) for rows in predictor.predict_all(pushed, of_pictures(map(str, names)))]
    assert sizes == [predictor.BATCH, predictor.BATCH, 1]
    assert moods(answers(pushed, names)) == [MOODS[place % 4] for place in range(count)]


@pytest.mark.parametrize("box", [None, PixelBox(10, 20, 60, 80)])
def test_a_checkpoint_and_its_servable_answer_alike(
    pushed: SavedModel, restored: CheckpointModel, tmp_path: Path, box: PixelBox | None
) -> None:
    image = samples.mottled(90, 120)
    names = saved(
        tmp_path,
        jpeg=samples.encoded(image, "JPEG"),
        turned=samples.encoded(samples.mottled(120, 90), "JPEG", samples.LIES_ON_ITS_SIDE),
        webp=samples.encoded(image, "WEBP"),
        broken=b"broken",
    )
    ours, theirs = answers(restored, names, box), answers(pushed, names, box)
    assert moods(ours) == moods(theirs)
    assert len({*moods(ours)}) > 1
    np.testing.assert_allclose(probabilities(ours), probabilities(theirs), atol=1e-4)


def test_a_checkpoint_tells_its_resolution_and_its_number_of_moods(
    checkpoint: Path, restored: CheckpointModel
) -> None:
    assert restored.info == ModelInfo(str(checkpoint), MOODS, 32)
    with pytest.raises(ConfigError, match=r"--input_size 224; but .*best\.keras sees 32"):
        CheckpointModel(checkpoint, ExpectedModel(input_size=224, moods=MOODS))
    with pytest.raises(ConfigError, match=r"best\.keras tells 4 .* default label map has 6"):
        CheckpointModel(checkpoint, ExpectedModel())
    with pytest.raises(ConfigError, match=r"with 6 moods; but .*best\.keras tells 4 apart"):
        CheckpointModel(checkpoint, ExpectedModel(moods=DEFAULT_MOODS))


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_keras_weights_answer_as_the_network_that_they_are_of(
    project_network: keras.Model, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name == "w.h5":
        _save_as_old_keras(project_network, path)
    else:
        project_network.save_weights(path)
    model = CheckpointModel(path, ExpectedModel(input_size=32, moods=("가", "나", "다")))
    picture = samples.mottled(32, 32)
    pixels = np.asarray(picture)[np.newaxis]
    expected = np.asarray(project_network(pixels, training=False))[0]
    (response,) = model.predict([samples.encoded(picture)], None)
    np.testing.assert_allclose([*response.probabilities.values()], expected, atol=1e-4)
    assert list(response.probabilities) == ["가", "나", "다"]
    assert np.ptp(expected) > 0.01


def test_a_whole_model_in_the_old_format_is_read(tmp_path: Path) -> None:
    samples.quadrant_network().save(tmp_path / "whole.h5")
    model = CheckpointModel(tmp_path / "whole.h5", ExpectedModel(moods=MOODS))
    assert model.info.resolution == 32
    assert model.predict([samples.encoded(samples.red_at(3))], None)[0].mood == MOODS[3]


def _save_as_old_keras(model: keras.Model, path: Path) -> None:
    """Writes weights as ``save_weights`` of Keras 2 did."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def test_weights_alone_need_the_input_size_and_contradict_wrong_classes(
    project_network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "w.weights.h5"
    project_network.save_weights(path)
    for expected, words in (
        (ExpectedModel(), "do not say what resolution.*--input_size"),
        (
            ExpectedModel(input_size=32, classes=6),
            r"--classes 6.*w\.weights\.h5 tells 3 moods apart",
        ),
        (ExpectedModel(input_size=5), "--input_size: model.resolution must lie in"),
    ):
        with pytest.raises(ConfigError, match=words):
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


def test_a_version_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(ConfigError, match=r"broken cannot be loaded.*Name another version"):
        SavedModel(tmp_path, ModelInfo("broken", MOODS, 32))


class SpoiltModel:
    """A model whose weights are no numbers."""

    info = ModelInfo("spoilt", MOODS, 32)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        return [Response("ok", MOODS[0], dict.fromkeys(MOODS, math.nan)) for _ in pictures]


def test_an_answer_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    rows = answers(SpoiltModel(), saved(tmp_path, good=samples.encoded(samples.red_at(0))))
    assert moods(rows) == ["answer_not_finite"]
