"""The signatures: what they see, what they answer, and what a broken row does to the others.

The servable's network answers with the mood of the reddest quadrant; see ``model_samples``.
"""

import concurrent.futures
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import model_samples as samples
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models import serving
from schemas import labels, signatures

SIDE, MOODS = samples.SIDE, samples.MOODS
SURE = float(np.exp(255 / 32) / (np.exp(255 / 32) + 3))
"""Probability of the mood whose quadrant alone is red: 0.99896."""

Answer = dict[str, np.ndarray]
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def ask(servable: Any) -> Ask:
    """Asks a signature by name; inputs by name."""

    def call(signature: str = signatures.SERVE_IMAGE, **inputs: object) -> Answer:
        answer = servable.signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()})
        return {name: tensor.numpy() for name, tensor in answer.items()}

    return call


def words(tensor: np.ndarray) -> list[str]:
    return [word.decode() for word in tensor.ravel()]


def truncated(picture: bytes) -> bytes:
    return picture[: len(picture) * 6 // 10]


BROKEN = {
    "empty": b"",
    "text": "사진이 아님".encode(),
    "two bytes of a JPEG": b"\xff\xd8",
    "a truncated JPEG": truncated(samples.jpeg(samples.mottled(96, 128))),
    "a truncated PNG": truncated(samples.encoded(samples.mottled(96, 128))),
    "a truncated GIF": truncated(samples.encoded(samples.mottled(96, 128), "GIF")),
    "a truncated BMP": truncated(samples.encoded(samples.mottled(96, 128), "BMP")),
    "a TIFF": samples.encoded(samples.mottled(96, 128), "TIFF"),
}


@pytest.mark.parametrize("quadrant", range(4))
def test_the_mood_is_the_label_maps_name_of_the_likeliest_index(ask: Ask, quadrant: int) -> None:
    answer = ask(image_bytes=[samples.encoded(samples.red_at(quadrant))])
    assert words(answer[signatures.MOOD]) == [MOODS[quadrant]]
    assert answer[signatures.MOOD_INDEX].tolist() == [quadrant]
    assert words(answer[signatures.STATUS]) == ["ok"]
    expected = np.full((1, 4), (1 - SURE) / 3)
    expected[0, quadrant] = SURE  # With pixels of 0..1 this would be 0.2577.
    np.testing.assert_allclose(answer[signatures.PROBABILITIES], expected, rtol=1e-4)
    assert words(answer[signatures.MOODS]) == list(MOODS)


def test_outputs_have_the_documented_names_and_types(ask: Ask) -> None:
    answer = ask(image_bytes=[samples.encoded(samples.red_at(0))])
    assert {name: tensor.dtype.kind for name, tensor in answer.items()} == {
        signatures.MOOD: "O",
        signatures.MOOD_INDEX: "i",
        signatures.PROBABILITIES: "f",
        signatures.MOODS: "O",
        signatures.STATUS: "O",
    }
    assert answer[signatures.MOOD_INDEX].dtype == np.int64
    assert answer[signatures.PROBABILITIES].dtype == np.float32


@pytest.mark.parametrize("batch", [0, 1, 7, 64, 65, 130])
def test_any_batch_size_is_answered_row_by_row(ask: Ask, batch: int) -> None:
    pictures = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
    asked = [pictures[row % 4] for row in range(batch)]
    answer = ask(image_bytes=np.asarray(asked, object) if asked else np.zeros(0, "S1"))
    assert answer[signatures.MOOD_INDEX].tolist() == [row % 4 for row in range(batch)]
    assert answer[signatures.PROBABILITIES].shape == (batch, 4)
    assert answer[signatures.MOODS].shape == (batch, 4)
    assert words(answer[signatures.STATUS]) == ["ok"] * batch


def test_one_batch_may_mix_sizes_and_formats(ask: Ask) -> None:
    grey = Image.fromarray(samples.plain(90, 40, 40)).convert("L")
    asked = [
        samples.jpeg(samples.red_at(0, 200, 300)),
        samples.encoded(samples.red_at(1, 64, 32), "PNG"),
        samples.encoded(samples.red_at(2, 32, 32), "GIF"),
        samples.encoded(samples.red_at(3, 480, 640), "BMP"),
        samples.encoded(Image.fromarray(samples.red_at(1, 64, 32)).convert("P"), "BMP"),
        samples.jpeg(grey),
    ]
    answer = ask(image_bytes=asked)
    assert answer[signatures.MOOD_INDEX].tolist()[:5] == [0, 1, 2, 3, 1]
    np.testing.assert_allclose(answer[signatures.PROBABILITIES][5], 0.25, rtol=1e-4)


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_picture_gets_no_mood_and_harms_no_other(ask: Ask, name: str) -> None:
    sound = [samples.encoded(samples.red_at(quadrant)) for quadrant in (3, 1)]
    alone = ask(image_bytes=sound)
    answer = ask(image_bytes=[sound[0], BROKEN[name], sound[1]])
    assert words(answer[signatures.STATUS]) == ["ok", signatures.STATUS_IMAGE_UNREADABLE, "ok"]
    assert words(answer[signatures.MOOD]) == [MOODS[3], "", MOODS[1]]
    assert answer[signatures.MOOD_INDEX].tolist() == [3, -1, 1]
    np.testing.assert_array_equal(answer[signatures.PROBABILITIES][1], np.zeros(4))
    np.testing.assert_array_equal(
        answer[signatures.PROBABILITIES][[0, 2]], alone[signatures.PROBABILITIES]
    )
    assert words(answer[signatures.MOODS][1]) == list(MOODS)


def test_a_batch_of_broken_pictures_alone_is_answered(ask: Ask) -> None:
    answer = ask(image_bytes=list(BROKEN.values()))
    assert set(words(answer[signatures.STATUS])) == {signatures.STATUS_IMAGE_UNREADABLE}
    assert answer[signatures.MOOD_INDEX].tolist() == [-1] * len(BROKEN)
    assert not answer[signatures.PROBABILITIES].any()


def test_an_exif_orientation_is_ignored_by_the_servable(ask: Ask) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # "Turn upside down": the red quadrant would move from 0 to 3.
    turned = samples.jpeg(samples.red_at(0), exif=exif)
    assert ask(image_bytes=[turned])[signatures.MOOD_INDEX].tolist() == [0]


def test_a_box_is_y_x_height_width_and_is_widened_by_the_margin(ask: Ask) -> None:
    # 80 rows, 120 columns. Red: rows 10..20, columns 60..70, in the view's top left.
    pixels = samples.plain(samples.BLACK, 80, 120)
    pixels[10:20, 60:70] = samples.RED
    # A box of 16 x 16 at row 12, column 62, widened by a quarter (4): rows 8..32, columns
    # 58..82. Its top left quarter is rows 8..20, columns 58..70, of which 10 x 10 are red:
    # mean red 255 * 100 / 144 = 177.08, probability e^(177.08/32) / (e^(177.08/32) + 3).
    answer = ask(
        signatures.SERVE_BOX,
        image_bytes=[samples.encoded(pixels)] * 2,
        box=np.int64([[12, 62, 16, 16], [62, 12, 16, 16]]),
    )
    assert words(answer[signatures.STATUS]) == ["ok", "ok"]
    expected = np.exp(177.08 / 32) / (np.exp(177.08 / 32) + 3)
    np.testing.assert_allclose(answer[signatures.PROBABILITIES][0, 0], expected, atol=2e-3)
    np.testing.assert_allclose(answer[signatures.PROBABILITIES][1], 0.25, rtol=1e-4)


def test_a_widened_box_is_cut_at_the_edges(ask: Ask) -> None:
    # The box is the whole picture; widened it would take in what is not there.
    picture = samples.encoded(samples.red_at(2))
    whole = ask(image_bytes=[picture])
    boxed = ask(signatures.SERVE_BOX, image_bytes=[picture], box=np.int64([[0, 0, SIDE, SIDE]]))
    np.testing.assert_array_equal(boxed[signatures.PROBABILITIES], whole[signatures.PROBABILITIES])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_box_that_is_not_in_the_picture_gets_its_own_status(ask: Ask, kind: str) -> None:
    picture = samples.encoded(samples.red_at(0, 80, 120), kind)
    boxes = [
        [0, 0, 80, 120],
        [0, 0, 81, 120],
        [0, 1, 80, 120],
        [-1, 0, 10, 10],
        [0, -1, 10, 10],
        [0, 0, 0, 10],
        [0, 0, 10, 0],
        [5, 5, -3, 10],
        [1, 1, 2**63 - 1, 1],
        [79, 119, 1, 1],
    ]
    answer = ask(
        signatures.SERVE_BOX, image_bytes=[picture] * len(boxes), box=np.asarray(boxes, np.int64)
    )
    outside = signatures.STATUS_BOX_OUTSIDE_IMAGE
    assert words(answer[signatures.STATUS]) == ["ok", *[outside] * 8, "ok"]
    assert answer[signatures.MOOD_INDEX].tolist()[1:9] == [-1] * 8
    assert set(words(answer[signatures.MOOD][1:9])) == {""}
    assert not answer[signatures.PROBABILITIES][1:9].any()


def test_a_broken_picture_with_a_box_is_unreadable(ask: Ask) -> None:
    broken = list(BROKEN.values())
    answer = ask(
        signatures.SERVE_BOX, image_bytes=broken, box=np.int64([[10, 10, 86, 118]] * len(broken))
    )
    assert set(words(answer[signatures.STATUS])) == {signatures.STATUS_IMAGE_UNREADABLE}


def test_a_jpeg_that_breaks_off_below_the_box_is_still_answered(ask: Ask) -> None:
    picture = truncated(samples.jpeg(samples.red_at(0, 200, 200), quality=50))
    box = np.int64([[0, 0, 40, 40], [0, 0, 200, 200]])
    answer = ask(signatures.SERVE_BOX, image_bytes=[picture, picture], box=box)
    assert words(answer[signatures.STATUS]) == ["ok", signatures.STATUS_IMAGE_UNREADABLE]


def test_an_example_is_seen_through_its_window(ask: Ask) -> None:
    pixels = samples.plain(samples.GREEN, 48, 64)
    pixels[8:40, 16:48] = samples.red_at(3)
    record = samples.example(samples.jpeg(pixels), window=(8, 16, 32, 32))
    answer = ask(signatures.SERVE_EXAMPLE, examples=[record])
    assert answer[signatures.MOOD_INDEX].tolist() == [3]


def test_a_broken_record_gets_no_mood_and_harms_no_other(ask: Ask) -> None:
    sound = samples.example(samples.jpeg(samples.red_at(2)))
    answer = ask(
        signatures.SERVE_EXAMPLE,
        examples=[
            b"no record",
            sound,
            b"",
            tf.train.Example().SerializeToString(),
            samples.example(BROKEN["a truncated JPEG"], window=(0, 0, 96, 128)),
            samples.example(samples.jpeg(samples.red_at(2)), window=(0, 0, SIDE, SIDE + 1)),
        ],
    )
    bad = signatures.STATUS_IMAGE_UNREADABLE
    statuses = [bad, "ok", bad, bad, bad, signatures.STATUS_BOX_OUTSIDE_IMAGE]
    assert words(answer[signatures.STATUS]) == statuses
    assert answer[signatures.MOOD_INDEX].tolist() == [-1, 2, -1, -1, -1, -1]


def test_callers_at_the_same_time_get_their_own_answers(ask: Ask) -> None:
    pictures = [samples.jpeg(samples.red_at(quadrant, 96, 96)) for quadrant in range(4)]

    def one(caller: int) -> list[int]:
        rows = [pictures[caller % 4], b"broken", pictures[(caller + 1) % 4]] * (1 + caller % 5)
        return ask(image_bytes=rows)[signatures.MOOD_INDEX].tolist()

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(one, range(200)))
    for caller, answer in enumerate(answers):
        assert answer == [caller % 4, -1, (caller + 1) % 4] * (1 + caller % 5)


def test_the_network_never_sees_more_than_a_chunk() -> None:
    sizes = []

    def network(pixels: tf.Tensor) -> tf.Tensor:
        sizes.append(len(pixels))
        return tf.fill([len(pixels), 4], 0.25)

    spec = serving.ServingSpec(MOODS, SIDE, 0.0)
    picture = samples.encoded(samples.red_at(0))
    rows = tf.constant([picture] * (2 * serving.CHUNK + 1))
    answer = serving.Signatures(network, spec).of_images(rows)
    assert sizes == [serving.CHUNK, serving.CHUNK, 1]
    assert len(answer[signatures.STATUS]) == 2 * serving.CHUNK + 1


def test_the_label_map_and_the_preprocessing_lie_beside_the_graph(servable_folder: Path) -> None:
    extras = servable_folder / signatures.EXTRAS_FOLDER
    assert labels.read_moods(extras / signatures.LABELS_ASSET) == MOODS
    facts = json.loads((extras / signatures.SPEC_ASSET).read_text(encoding="utf-8"))
    assert facts == {"resolution": SIDE, "box_margin": 0.25, "weights": "none"}


def test_there_are_three_signatures_and_no_others(servable: Any) -> None:
    assert set(servable.signatures) == {
        signatures.SERVE_IMAGE,
        signatures.SERVE_BOX,
        signatures.SERVE_EXAMPLE,
    }
