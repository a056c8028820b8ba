"""Rows that cannot be predicted get a status, and the other rows are predicted as always."""

import concurrent.futures

import numpy as np
import pytest
import tensorflow as tf

from schemas import signatures
from testing.models import samples

SIDE, MOODS = samples.SIDE, samples.MOODS


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


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_picture_gets_no_mood_and_harms_no_other(predict: samples.Ask, name: str) -> None:
    sound = [samples.encoded(samples.red_at(quadrant)) for quadrant in (3, 1)]
    alone = predict(image_bytes=sound)
    outputs = predict(image_bytes=[sound[0], BROKEN[name], sound[1]])
    assert samples.words(outputs[signatures.STATUS]) == [
        "ok",
        signatures.STATUS_IMAGE_UNREADABLE,
        "ok",
    ]
    assert samples.words(outputs[signatures.MOOD]) == [MOODS[3], "", MOODS[1]]
    assert outputs[signatures.MOOD_INDEX].tolist() == [3, -1, 1]
    np.testing.assert_array_equal(outputs[signatures.PROBABILITIES][1], np.zeros(4))
    np.testing.assert_array_equal(
        outputs[signatures.PROBABILITIES][[0, 2]], alone[signatures.PROBABILITIES]
    )
    assert samples.words(outputs[signatures.MOODS][1]) == list(MOODS)


def test_a_batch_of_broken_pictures_alone_gets_statuses(predict: samples.Ask) -> None:
    outputs = predict(image_bytes=list(BROKEN.values()))
    assert set(samples.words(outputs[signatures.STATUS])) == {signatures.STATUS_IMAGE_UNREADABLE}
    assert outputs[signatures.MOOD_INDEX].tolist() == [-1] * len(BROKEN)
    assert not outputs[signatures.PROBABILITIES].any()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_box_that_is_not_in_the_picture_gets_its_own_status(
    predict: samples.Ask, kind: str
) -> None:
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
    outputs = predict(
        signatures.SERVE_BOX, image_bytes=[picture] * len(boxes), box=np.asarray(boxes, np.int64)
    )
    outside = signatures.STATUS_BOX_OUTSIDE_IMAGE
    assert samples.words(outputs[signatures.STATUS]) == ["ok", *[outside] * 8, "ok"]
    assert outputs[signatures.MOOD_INDEX].tolist()[1:9] == [-1] * 8
    assert set(samples.words(outputs[signatures.MOOD][1:9])) == {""}
    assert not outputs[signatures.PROBABILITIES][1:9].any()


def test_a_broken_picture_with_a_box_is_unreadable(predict: samples.Ask) -> None:
    broken = list(BROKEN.values())
    outputs = predict(
        signatures.SERVE_BOX, image_bytes=broken, box=np.int64([[10, 10, 86, 118]] * len(broken))
    )
    assert set(samples.words(outputs[signatures.STATUS])) == {signatures.STATUS_IMAGE_UNREADABLE}


def test_a_jpeg_that_breaks_off_below_the_box_is_still_predicted(predict: samples.Ask) -> None:
    picture = truncated(samples.jpeg(samples.red_at(0, 200, 200), quality=50))
    box = np.int64([[0, 0, 40, 40], [0, 0, 200, 200]])
    outputs = predict(signatures.SERVE_BOX, image_bytes=[picture, picture], box=box)
    assert samples.words(outputs[signatures.STATUS]) == ["ok", signatures.STATUS_IMAGE_UNREADABLE]


@pytest.mark.slow
def test_a_broken_record_gets_no_mood_and_harms_no_other(predict: samples.Ask) -> None:
    sound = samples.example(samples.jpeg(samples.red_at(2)))
    outputs = predict(
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
    assert samples.words(outputs[signatures.STATUS]) == statuses
    assert outputs[signatures.MOOD_INDEX].tolist() == [-1, 2, -1, -1, -1, -1]


@pytest.mark.slow
def test_callers_at_the_same_time_get_their_own_predictions(predict: samples.Ask) -> None:
    pictures = [samples.jpeg(samples.red_at(quadrant, 96, 96)) for quadrant in range(4)]

    def one(caller: int) -> list[int]:
        rows = [pictures[caller % 4], b"broken", pictures[(caller + 1) % 4]] * (1 + caller % 5)
        return predict(image_bytes=rows)[signatures.MOOD_INDEX].tolist()

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        predictions = list(pool.map(one, range(200)))
    for caller, indices in enumerate(predictions):
        assert indices == [caller % 4, -1, (caller + 1) % 4] * (1 + caller % 5)
