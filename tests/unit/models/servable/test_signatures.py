"""The signatures: their preprocessing and their outputs.

The servable's network predicts the mood of the reddest quadrant; see ``testing.models.quadrants``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models.servable.rows import CHUNK_SIZE
from models.servable.serving_spec import ServingSpec
from models.servable.signatures import Signatures
from schemas import labels, signatures
from testing.models import samples

SIDE, MOODS = samples.SIDE, samples.MOODS
SURE = float(np.exp(255 / 32) / (np.exp(255 / 32) + 3))
"""Probability of the mood whose quadrant alone is red: 0.99896."""


@pytest.mark.parametrize("quadrant", range(4))
def test_the_mood_is_the_label_maps_name_of_the_likeliest_index(
    predict: samples.Ask, quadrant: int
) -> None:
    outputs = predict(image_bytes=[samples.encoded(samples.red_at(quadrant))])
    assert samples.words(outputs[signatures.MOOD]) == [MOODS[quadrant]]
    assert outputs[signatures.MOOD_INDEX].tolist() == [quadrant]
    assert samples.words(outputs[signatures.STATUS]) == ["ok"]
    expected = np.full((1, 4), (1 - SURE) / 3)
    expected[0, quadrant] = SURE  # With pixels of 0..1 this would be 0.2577.
    np.testing.assert_allclose(outputs[signatures.PROBABILITIES], expected, rtol=1e-4)
    assert samples.words(outputs[signatures.MOODS]) == list(MOODS)


def test_outputs_have_the_documented_names_and_types(predict: samples.Ask) -> None:
    outputs = predict(image_bytes=[samples.encoded(samples.red_at(0))])
    assert {name: tensor.dtype.kind for name, tensor in outputs.items()} == {
        signatures.MOOD: "O",
        signatures.MOOD_ID: "O",
        signatures.MOOD_INDEX: "i",
        signatures.PROBABILITIES: "f",
        signatures.MOODS: "O",
        signatures.UNSURE: "b",
        signatures.STATUS: "O",
        signatures.BOX: "i",
        signatures.BOX_SOURCE: "O",
        signatures.FOUND: "f",
    }
    assert outputs[signatures.MOOD_INDEX].dtype == np.int64
    assert outputs[signatures.PROBABILITIES].dtype == np.float32


@pytest.mark.parametrize("batch", [0, 1, 7, 64, 65, 130])
def test_any_batch_size_is_predicted_row_by_row(predict: samples.Ask, batch: int) -> None:
    pictures = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
    rows = [pictures[row % 4] for row in range(batch)]
    outputs = predict(image_bytes=np.asarray(rows, object) if rows else np.zeros(0, "S1"))
    assert outputs[signatures.MOOD_INDEX].tolist() == [row % 4 for row in range(batch)]
    assert outputs[signatures.PROBABILITIES].shape == (batch, 4)
    assert outputs[signatures.MOODS].shape == (batch, 4)
    assert samples.words(outputs[signatures.STATUS]) == ["ok"] * batch


def test_one_batch_may_mix_sizes_and_formats(predict: samples.Ask) -> None:
    grey = Image.fromarray(samples.plain(90, 40, 40)).convert("L")
    pictures = [
        samples.jpeg(samples.red_at(0, 200, 300)),
        samples.encoded(samples.red_at(1, 64, 32), "PNG"),
        samples.encoded(samples.red_at(2, 32, 32), "GIF"),
        samples.encoded(samples.red_at(3, 480, 640), "BMP"),
        samples.encoded(Image.fromarray(samples.red_at(1, 64, 32)).convert("P"), "BMP"),
        samples.jpeg(grey),
    ]
    outputs = predict(image_bytes=pictures)
    assert outputs[signatures.MOOD_INDEX].tolist()[:5] == [0, 1, 2, 3, 1]
    np.testing.assert_allclose(outputs[signatures.PROBABILITIES][5], 0.25, rtol=1e-4)


def test_a_photo_is_turned_upright(predict: samples.Ask) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # "Turn upside down": the red quadrant moves from 0 to 3.
    turned = samples.jpeg(samples.red_at(0), exif=exif)
    assert predict(image_bytes=[turned])[signatures.MOOD_INDEX].tolist() == [3]


def test_an_examples_crop_is_taken_as_stored(predict: samples.Ask) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    record = samples.example(samples.jpeg(samples.red_at(0), exif=exif))
    outputs = predict(signatures.SERVE_EXAMPLE, examples=[record])
    assert outputs[signatures.MOOD_INDEX].tolist() == [0]


def test_a_box_is_y_x_height_width_and_is_widened_by_the_margin(predict: samples.Ask) -> None:
    # 80 rows, 120 columns. Red: rows 10..20, columns 60..70, in the view's top left.
    pixels = samples.plain(samples.BLACK, 80, 120)
    pixels[10:20, 60:70] = samples.RED
    # A box of 16 x 16 at row 12, column 62, widened by a quarter (4): rows 8..32, columns
    # 58..82. Its top left quarter is rows 8..20, columns 58..70, of which 10 x 10 are red:
    # mean red 255 * 100 / 144 = 177.08, probability e^(177.08/32) / (e^(177.08/32) + 3).
    outputs = predict(
        signatures.SERVE_BOX,
        image_bytes=[samples.encoded(pixels)] * 2,
        box=np.int64([[12, 62, 16, 16], [62, 12, 16, 16]]),
    )
    assert samples.words(outputs[signatures.STATUS]) == ["ok", "ok"]
    expected = np.exp(177.08 / 32) / (np.exp(177.08 / 32) + 3)
    np.testing.assert_allclose(outputs[signatures.PROBABILITIES][0, 0], expected, atol=2e-3)
    np.testing.assert_allclose(outputs[signatures.PROBABILITIES][1], 0.25, rtol=1e-4)


def test_a_widened_box_is_cut_at_the_edges(predict: samples.Ask) -> None:
    # The box is the whole picture; widened it would take in what is not there.
    picture = samples.encoded(samples.red_at(2))
    whole = predict(image_bytes=[picture])
    boxed = predict(signatures.SERVE_BOX, image_bytes=[picture], box=np.int64([[0, 0, SIDE, SIDE]]))
    np.testing.assert_array_equal(boxed[signatures.PROBABILITIES], whole[signatures.PROBABILITIES])


def test_an_example_is_seen_through_its_window(predict: samples.Ask) -> None:
    pixels = samples.plain(samples.GREEN, 48, 64)
    pixels[8:40, 16:48] = samples.red_at(3)
    record = samples.example(samples.jpeg(pixels), window=(8, 16, 32, 32))
    outputs = predict(signatures.SERVE_EXAMPLE, examples=[record])
    assert outputs[signatures.MOOD_INDEX].tolist() == [3]


@pytest.mark.slow
def test_the_network_never_sees_more_than_a_chunk() -> None:
    sizes = []

    def network(pixels: tf.Tensor) -> tf.Tensor:
        sizes.append(len(pixels))
        return tf.fill([len(pixels), 4], 0.25)

    spec = ServingSpec(MOODS, SIDE, 0.0)
    picture = samples.encoded(samples.red_at(0))
    rows = tf.constant([picture] * (2 * CHUNK_SIZE + 1))
    outputs = Signatures(network, spec).predict_images(rows)
    assert sizes == [CHUNK_SIZE, CHUNK_SIZE, 1]
    assert len(outputs[signatures.STATUS]) == 2 * CHUNK_SIZE + 1


def test_the_label_map_and_the_preprocessing_lie_beside_the_graph(servable_folder: Path) -> None:
    extras = servable_folder / signatures.EXTRAS_FOLDER
    assert labels.read_moods(extras / signatures.LABELS_ASSET) == MOODS
    facts = json.loads((extras / signatures.SPEC_ASSET).read_text(encoding="utf-8"))
    assert facts == {
        "resolution": SIDE,
        "box_margin": 0.25,
        "box_overhang": 0.0,
        "weights": "none",
        "max_image_pixels": 64_000_000,
        "max_image_bytes": 64 * 2**20,
        "unsure_below": 0.0,
        "temperature": 1.0,
        "fitted_on": "",
        "trained_on": "",
        "locator": None,
    }


def test_every_answer_has_the_moods_english_identifier(predict: samples.Ask) -> None:
    pictures = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
    outputs = predict(image_bytes=[*pictures, b"broken"])
    assert samples.words(outputs[signatures.MOOD_ID]) == [
        "angry",
        "fearful",
        "happy",
        "relaxed",
        "",
    ]


@pytest.mark.slow
def test_an_answer_is_unsure_below_the_threshold_and_not_at_it() -> None:
    third = float(np.float32(0.7))
    rows = [[0.4, 0.6], [third, 1 - third], [0.69, 0.31], [float("nan"), 1.0]]
    spec = ServingSpec(("졸림", "공포"), SIDE, 0.0, unsure_below=third)
    photos = [samples.encoded(samples.red_at(0))] * len(rows)
    functions = Signatures(lambda pixels: tf.constant(rows, tf.float32), spec)
    outputs = tf.function(functions.predict_images)(tf.constant([*photos, b"broken"]))
    # A photo that cannot be used has no answer that could be unsure.
    assert outputs[signatures.UNSURE].numpy().tolist() == [True, False, True, True, False]
    # Moods of one's own are their own identifiers.
    assert samples.words(outputs[signatures.MOOD_ID].numpy())[:2] == ["fearful", "졸림"]


@pytest.mark.slow
def test_in_bulk_the_texts_have_a_second_dimension_and_the_rest_is_the_same(
    predict: samples.Ask,
) -> None:
    records = [samples.example(samples.jpeg(samples.red_at(2))), b"broken"]
    one_by_one = predict(signatures.SERVE_EXAMPLE, examples=records)
    in_bulk = predict(signatures.SERVE_BULK, examples=records)
    for name in (signatures.MOOD, signatures.MOOD_ID, signatures.STATUS):
        assert in_bulk[name].shape == (2, 1)
        assert in_bulk[name][:, 0].tolist() == one_by_one[name].tolist()
    same = (signatures.MOOD_INDEX, signatures.PROBABILITIES, signatures.MOODS, signatures.UNSURE)
    for name in same:
        assert in_bulk[name].tolist() == one_by_one[name].tolist()


def test_there_are_four_signatures_and_no_others(servable: Any) -> None:
    assert set(servable.signatures) == {
        signatures.SERVE_IMAGE,
        signatures.SERVE_BOX,
        signatures.SERVE_EXAMPLE,
        signatures.SERVE_BULK,
    }


@pytest.mark.slow
def test_the_network_is_not_called_with_an_empty_batch() -> None:
    def network(pixels: tf.Tensor) -> tf.Tensor:
        # As oneDNN's convolutions may: a wrong shape for an empty batch.
        rows = tf.maximum(tf.shape(pixels)[0], 1)
        return tf.fill([rows, len(MOODS)], 1 / len(MOODS))

    spec = ServingSpec(MOODS, SIDE, 0.0)
    outputs = tf.function(Signatures(network, spec).predict_images)(tf.constant([b"broken"] * 2))
    assert samples.words(outputs[signatures.STATUS].numpy()) == ["image_unreadable"] * 2
    assert not outputs[signatures.PROBABILITIES].numpy().any()
