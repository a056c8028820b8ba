"""Photos without a box: the locator's boxes, and what is answered with them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models.servable.serving_spec import Locator, ServingSpec
from models.servable.signatures import Signatures
from schemas import signatures
from testing import bombs
from testing.models import samples
from testing.models.quadrants import Pixels

SIDE, MOODS = samples.SIDE, samples.MOODS
Signature = Callable[..., dict[str, Any]]


def locate(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the corner at the upper left that is not grey, as surely as it is blue there."""
    levels = tf.cast(pixels, tf.float32)
    is_animal = levels[..., 1] < 45  # Of grey 90: to the middle of the pixels on the edge.
    ends = [
        tf.reduce_mean(tf.cast(tf.reduce_any(is_animal, axis), tf.float32), 1) for axis in (2, 1)
    ]
    zeros = tf.zeros_like(ends[0])
    place = tf.stack([zeros, zeros, *ends], axis=1)
    return place, tf.reduce_mean(levels[:, :8, :8, 2], [1, 2]) / 255


def redness(pixels: tf.Tensor) -> tf.Tensor:
    red = tf.reduce_mean(tf.cast(pixels[..., 0], tf.float32), [1, 2]) / 255
    return tf.stack([red, 1 - red, tf.zeros_like(red), tf.zeros_like(red)], axis=1)


@pytest.fixture(scope="module")
def asked() -> tuple[Signature, Signature]:
    """The signatures without and with boxes."""
    spec = ServingSpec(MOODS, SIDE, box_margin=0.1)
    functions = Signatures(redness, spec, Locator(locate, 2 * SIDE, min_score=0.5))
    images = tf.TensorSpec([None], tf.string)
    boxes = tf.TensorSpec([None, 4], tf.int64)
    return (
        tf.function(functions.predict_images, input_signature=[images], autograph=False),
        tf.function(functions.predict_boxes, input_signature=[images, boxes], autograph=False),
    )


def test_looks_and_answers_share_the_graph_that_prepares_photos(
    asked: tuple[Signature, Signature],
) -> None:
    """It takes seconds to make and to load, and was there three times."""
    library = asked[0].get_concrete_function().graph.as_graph_def().library
    names = [function.signature.name for function in library.function]
    assert sum("_prepare_here" in name for name in names) == 1, names
    assert sum("_prepare_png_here" in name for name in names) == 1, names


def photo(blue: int, red: int, rows: int = 100, columns: int = 200) -> Pixels:
    """Returns an animal of so much red in a blue quarter of a grey photo."""
    pixels = np.full((rows, columns, 3), 90, np.uint8)
    pixels[: rows // 2, : columns // 2] = red, 0, blue
    return pixels


def test_the_answer_is_that_of_the_box_that_is_found(asked: tuple[Signature, Signature]) -> None:
    alone, boxed = asked
    photos = tf.constant([samples.encoded(photo(255, red), "PNG") for red in (10, 200)])
    found = {name: value.numpy() for name, value in alone(photos).items()}
    # The second look's pixels are 1.2 and 2.3 of the photo's.
    np.testing.assert_allclose(found[signatures.BOX], [[0, 0, 50, 100]] * 2, atol=2)
    assert samples.words(found[signatures.BOX_SOURCE]) == ["found"] * 2
    np.testing.assert_allclose(found[signatures.FOUND], 1)
    given = {n: v.numpy() for n, v in boxed(photos, tf.constant(found[signatures.BOX])).items()}
    for name in (signatures.PROBABILITIES, signatures.MOOD_INDEX, signatures.BOX):
        np.testing.assert_array_equal(found[name], given[name])
    assert samples.words(given[signatures.BOX_SOURCE]) == ["given"] * 2
    assert samples.words(found[signatures.MOOD]) == [MOODS[1], MOODS[0]]


def test_each_row_is_found_none_or_unreadable_for_itself_in_any_batch(
    asked: tuple[Signature, Signature],
) -> None:
    kinds = [
        samples.encoded(photo(255, 200), "PNG"),
        b"no photo",
        samples.encoded(photo(60, 200), "PNG"),  # A score of 0.24.
    ]
    for count in (0, 1, 70):  # None at all, and more than a chunk.
        rows = [kinds[row % 3] for row in range(count)]
        outputs = asked[0](tf.constant(rows, tf.string))
        statuses = [("ok", "image_unreadable", "no_animal")[row % 3] for row in range(count)]
        assert samples.words(outputs[signatures.STATUS].numpy()) == statuses
        indices = [(0, -1, -1)[row % 3] for row in range(count)]
        assert outputs[signatures.MOOD_INDEX].numpy().tolist() == indices
        boxes = [([0, 0, 50, 100], [0] * 4, [0] * 4)[row % 3] for row in range(count)]
        np.testing.assert_allclose(
            outputs[signatures.BOX].numpy(), np.reshape(boxes, (-1, 4)), atol=2
        )
        scores = [(1.0, 0.0, 60 / 255)[row % 3] for row in range(count)]
        np.testing.assert_allclose(outputs[signatures.FOUND].numpy(), scores, atol=1e-3)
        assert outputs[signatures.PROBABILITIES].shape == (count, 4)


@pytest.mark.parametrize("name", ["bomb", "truncated JPEG", "breaks off below the animal"])
def test_a_hostile_photo_without_a_box_harms_no_neighbour(
    asked: tuple[Signature, Signature], name: str
) -> None:
    sound = [samples.encoded(photo(255, red), "PNG") for red in (10, 200)]
    large = samples.jpeg(photo(255, 200, 400, 800), quality=50)
    hostile, status = {
        "bomb": (bombs.png(12_000, 12_000), signatures.STATUS_IMAGE_TOO_LARGE),
        "truncated JPEG": (large[: len(large) // 3], signatures.STATUS_IMAGE_UNREADABLE),
        # A box given there could be read; to find the animal the whole photo must be.
        "breaks off below the animal": (large[:-200], signatures.STATUS_IMAGE_UNREADABLE),
    }[name]
    alone = {key: value.numpy() for key, value in asked[0](tf.constant(sound)).items()}
    rows = tf.constant([sound[0], hostile, sound[1], hostile])
    beside = {key: value.numpy() for key, value in asked[0](rows).items()}
    assert samples.words(beside[signatures.STATUS]) == ["ok", status, "ok", status]
    assert beside[signatures.BOX][1].tolist() == [0] * 4
    assert samples.words(beside[signatures.BOX_SOURCE]) == ["found", "", "found", ""]
    assert beside[signatures.FOUND][[1, 3]].tolist() == [0, 0]
    for key in (signatures.PROBABILITIES, signatures.BOX, signatures.FOUND):
        np.testing.assert_allclose(beside[key][[0, 2]], alone[key], atol=1e-6)


def test_the_box_is_in_pixels_of_the_upright_photo(asked: tuple[Signature, Signature]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Stored on its side: 100 x 200 is stored as 200 x 100.
    stored = np.rot90(photo(255, 200), 1)
    encoded = samples.encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    outputs = asked[0](tf.constant([encoded]))
    np.testing.assert_allclose(outputs[signatures.BOX].numpy(), [[0, 0, 50, 100]], atol=2)
    assert samples.words(outputs[signatures.MOOD].numpy()) == [MOODS[0]]


def test_without_a_locator_the_answer_says_that_the_photo_was_taken_whole() -> None:
    functions = Signatures(redness, ServingSpec(MOODS, SIDE, 0.1))
    ask = tf.function(
        functions.predict_images,
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    outputs = ask(tf.constant([samples.encoded(photo(255, 200), "PNG"), b"no photo"]))
    assert outputs[signatures.BOX].numpy().tolist() == [[0, 0, 100, 200], [0, 0, 0, 0]]
    assert samples.words(outputs[signatures.BOX_SOURCE].numpy()) == ["whole", ""]
    assert outputs[signatures.FOUND].numpy().tolist() == [0, 0]
