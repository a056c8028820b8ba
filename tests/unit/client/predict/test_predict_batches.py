"""Good and bad files are predicted by a pushed version and by a checkpoint."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from client.backends.checkpoint import CheckpointModel
from client.backends.model import Model, ModelInfo, Response
from client.backends.saved_model import SavedModel
from client.predict import pictures
from client.predict.predict_batches import BATCH_SIZE, predict_all
from client.predict.prediction_inputs import PredictionInput, inputs_from_paths
from client.predict.predictions import FailedPrediction, Outcome, Prediction
from dataset.boxes import PixelBox
from testing.models import quadrants

MOODS, RED_PROBABILITY = quadrants.MOODS, quadrants.RED_PROBABILITY


def predict(model: Model, paths: Sequence[Path], box: PixelBox | None = None) -> list[Outcome]:
    bbox = ",".join(map(str, box or ()))
    inputs = inputs_from_paths([*map(str, paths)], bbox)
    return [outcome for batch in predict_all(model, inputs) for outcome in batch]


def save(folder: Path, **photos: bytes) -> list[Path]:
    for name, photo in photos.items():
        (folder / name).write_bytes(photo)
    return [folder / name for name in photos]


def moods_or_errors(outcomes: list[Outcome]) -> list[str]:
    return [one.mood if isinstance(one, Prediction) else one.error for one in outcomes]


def probabilities(outcomes: list[Outcome]) -> np.ndarray:
    return np.array(
        [[*one.probabilities.values()] for one in outcomes if isinstance(one, Prediction)]
    )


def test_the_red_quadrant_names_the_mood(pushed: SavedModel, tmp_path: Path) -> None:
    paths = save(tmp_path, **{f"{q}.png": quadrants.encoded(quadrants.red_at(q)) for q in range(4)})
    outcomes = predict(pushed, paths)
    assert moods_or_errors(outcomes) == list(MOODS)
    np.testing.assert_allclose(probabilities(outcomes).max(axis=1), RED_PROBABILITY, atol=1e-5)
    assert [outcome.image for outcome in outcomes] == [str(path) for path in paths]


def test_an_unforeseen_error_costs_one_picture(
    pushed: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = save(tmp_path, **{f"{q}": quadrants.encoded(quadrants.red_at(q)) for q in range(3)})
    prepare = pictures.upright_picture

    def failing(photo: bytes) -> pictures.Picture:
        if photo == paths[1].read_bytes():
            raise RecursionError("too deep")
        return prepare(photo)

    monkeypatch.setattr(pictures, "upright_picture", failing)
    outcomes = predict(pushed, paths)
    assert moods_or_errors(outcomes) == [MOODS[0], "unexpected_error", MOODS[2]]
    assert isinstance(outcomes[1], FailedPrediction)
    assert outcomes[1].detail == "RecursionError: too deep"


def test_good_pictures_are_predicted_among_broken_ones(pushed: SavedModel, tmp_path: Path) -> None:
    jpeg = quadrants.encoded(quadrants.mottled(200, 300), "JPEG")
    paths = save(
        tmp_path,
        good=quadrants.encoded(quadrants.red_at(2)),
        text=b"no picture",
        cut=jpeg[: len(jpeg) // 2],
        webp=quadrants.encoded(quadrants.red_at(3), "WEBP", lossless=True),
        empty=b"",
        last=quadrants.encoded(quadrants.red_at(1), "GIF"),
    )
    paths.insert(1, tmp_path / "missing.jpg")
    outcomes = predict(pushed, paths)
    assert moods_or_errors(outcomes) == [
        MOODS[2], "image_missing", "not_an_image", "image_truncated", MOODS[3], "not_an_image",
        MOODS[1],
    ]  # fmt: skip
    assert all(outcome.detail for outcome in outcomes if isinstance(outcome, FailedPrediction))


def test_a_picture_that_only_pillow_can_read_is_predicted(
    pushed: SavedModel, tmp_path: Path
) -> None:
    white_at_2 = quadrants.red_at(2).getchannel("R").convert("1")
    bmp = quadrants.encoded(white_at_2, "BMP")  # One bit per pixel.
    assert pushed.predict([bmp], None)[0].status == "image_unreadable"
    assert moods_or_errors(predict(pushed, save(tmp_path, bmp=bmp))) == [MOODS[2]]


def test_a_phones_photo_is_turned_before_it_is_predicted(
    pushed: SavedModel, tmp_path: Path
) -> None:
    photo = quadrants.encoded(quadrants.red_at(0, 48, 64), "JPEG", quadrants.ON_ITS_SIDE)
    assert pushed.predict([photo], None)[0].mood == MOODS[1]  # By the model itself,
    # and by the client, which sends no EXIF: it is not turned twice.
    assert moods_or_errors(predict(pushed, save(tmp_path, photo=photo))) == [MOODS[1]]


@pytest.mark.slow
def test_a_box_is_in_pixels_of_the_upright_picture(pushed: SavedModel, tmp_path: Path) -> None:
    # Stored 40 high and 100 wide, upright 100 high and 40 wide. Upright rows 60..100 are the
    # stored columns 60..100, where the top left is red as stored and the top right upright.
    # The margin is 2 black rows at the top; elsewhere there is no room for one.
    stored = np.zeros((40, 100, 3), np.uint8)
    stored[:20, 60:80] = quadrants.RED
    image = quadrants.Image.fromarray(stored)
    paths = save(tmp_path, photo=quadrants.encoded(image, "PNG", quadrants.ON_ITS_SIDE))
    (outcome,) = predict(pushed, paths, PixelBox(60, 0, 40, 40))
    assert isinstance(outcome, Prediction)
    assert outcome.mood == MOODS[1]
    assert outcome.probabilities[MOODS[1]] > 0.99


def test_a_box_beyond_the_edge_of_one_picture_spares_the_others(
    pushed: SavedModel, tmp_path: Path
) -> None:
    paths = save(
        tmp_path,
        large=quadrants.encoded(quadrants.red_at(0, 40, 40)),
        small=quadrants.encoded(quadrants.red_at(0, 39, 40)),
    )
    outcomes = predict(pushed, paths, PixelBox(0, 0, 40, 40))
    assert moods_or_errors(outcomes) == [MOODS[0], "box_outside_image"]
    assert isinstance(outcomes[1], FailedPrediction)
    assert "rows 0..40, columns 0..40 of an image of 39 x 40" in outcomes[1].detail


@pytest.mark.slow
def test_the_model_decides_how_far_a_box_may_overhang(
    overhung: SavedModel, restored: CheckpointModel, tmp_path: Path
) -> None:
    (photo,) = save(tmp_path, photo=quadrants.encoded(quadrants.red_at(0, 40, 40)))
    # 5 % of 41 are 2 pixels. A checkpoint has the ingest's default.
    boxes = [PixelBox(-1, -2, 41, 42), PixelBox(0, 0, 40, 40), PixelBox(0, -3, 41, 43)]
    inputs = [PredictionInput(str(photo), str(photo), box) for box in boxes]
    for model in (overhung, restored):
        (outcomes,) = predict_all(model, inputs)
        assert moods_or_errors(outcomes) == [MOODS[0], MOODS[0], "box_outside_image"]
        clipped, within = outcomes[:2]
        assert isinstance(clipped, Prediction) and isinstance(within, Prediction)
        assert clipped.probabilities == within.probabilities


@pytest.mark.slow
def test_a_picture_is_predicted_once_per_box_and_whole_without_one(
    pushed: SavedModel, restored: CheckpointModel, tmp_path: Path
) -> None:
    # Red are rows 0..32 and columns 32..64: the top right of the whole, all of the last box.
    (path,) = save(tmp_path, photo=quadrants.encoded(quadrants.red_at(1, 64, 64)))
    photo = str(path)
    boxes = [None, PixelBox(0, 0, 68, 5), PixelBox(4, 36, 24, 24)]
    inputs = [PredictionInput(photo, photo, box) for box in boxes]
    for model in (pushed, restored):
        (outcomes,) = predict_all(model, inputs)
        assert moods_or_errors(outcomes[:2]) == [MOODS[1], "box_outside_image"]
        assert isinstance(outcomes[0], Prediction)
        assert outcomes[0].probabilities[MOODS[1]] == pytest.approx(RED_PROBABILITY, abs=1e-3)
        assert isinstance(outcomes[2], Prediction)
        assert outcomes[2].probabilities == dict.fromkeys(MOODS, 0.25)


def test_more_pictures_than_a_batch_keep_their_order(pushed: SavedModel, tmp_path: Path) -> None:
    count = 2 * BATCH_SIZE + 1
    photos = [quadrants.encoded(quadrants.red_at(quadrant)) for quadrant in range(4)]
    paths = save(tmp_path, **{f"{index:03}": photos[index % 4] for index in range(count)})
    sizes = [len(outcomes) for outcomes in predict_all(pushed, inputs_from_paths(map(str, paths)))]
    assert sizes == [BATCH_SIZE, BATCH_SIZE, 1]
    assert moods_or_errors(predict(pushed, paths)) == [MOODS[index % 4] for index in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("box", [None, PixelBox(10, 20, 60, 80)])
def test_a_checkpoint_and_its_servable_predict_alike(
    pushed: SavedModel, restored: CheckpointModel, tmp_path: Path, box: PixelBox | None
) -> None:
    image = quadrants.mottled(90, 120)
    paths = save(
        tmp_path,
        jpeg=quadrants.encoded(image, "JPEG"),
        turned=quadrants.encoded(quadrants.mottled(120, 90), "JPEG", quadrants.ON_ITS_SIDE),
        webp=quadrants.encoded(image, "WEBP"),
        broken=b"broken",
    )
    from_checkpoint, from_servable = predict(restored, paths, box), predict(pushed, paths, box)
    assert moods_or_errors(from_checkpoint) == moods_or_errors(from_servable)
    assert len({*moods_or_errors(from_checkpoint)}) > 1
    np.testing.assert_allclose(
        probabilities(from_checkpoint), probabilities(from_servable), atol=1e-4
    )


class CorruptedModel:
    """A model whose weights are NaN."""

    info = ModelInfo("corrupted", MOODS, 32)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        return [Response("ok", MOODS[0], dict.fromkeys(MOODS, math.nan)) for _ in pictures]


def test_a_nan_probability_is_an_error(tmp_path: Path) -> None:
    outcomes = predict(
        CorruptedModel(), save(tmp_path, good=quadrants.encoded(quadrants.red_at(0)))
    )
    assert moods_or_errors(outcomes) == ["answer_not_finite"]
