"""Scores of a locator, on figures worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from models.location import judging
from models.settings.locator import LocateSettings
from schemas import features
from testing.models import quadrants

SIDE = 64
CELLS = SIDE // 16


def scene(box: tuple[float, float, float, float], species: str = "CAT") -> bytes:
    feature = {
        features.SCENE: tf.train.Feature(
            bytes_list=tf.train.BytesList(
                value=[quadrants.encoded(quadrants.mottled(80, 80), "JPEG")]
            )
        ),
        features.SCENE_BOXES: tf.train.Feature(float_list=tf.train.FloatList(value=box)),
        features.SPECIES: tf.train.Feature(bytes_list=tf.train.BytesList(value=[species.encode()])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


class Fixed:
    """A locator that says the same of every picture: an animal in the upper left quarter."""

    def __init__(self, logit: float) -> None:
        self._logit = logit

    def __call__(self, pixels: tf.Tensor, training: bool) -> tf.Tensor:
        located = np.full((CELLS, CELLS, 5), -9, np.float32)
        # The middle of the cell (1, 1) is 0.375 of each side.
        located[1, 1] = self._logit, 0.375, 0.375, 0.125, 0.125
        return tf.tile(tf.constant(located)[tf.newaxis], [tf.shape(pixels)[0], 1, 1, 1])


def judged(logit: float, **settings: float):
    right, wrong = scene((0, 0, 0.5, 0.5)), scene((0.5, 0.5, 1, 1), "DOG")
    return judging.judge(
        Fixed(logit), [right, right, wrong], LocateSettings(resolution=SIDE, **settings)
    )


def test_an_animal_is_found_where_box_and_score_are_right() -> None:
    scores = judged(3.0, min_found=0.7, max_false=1)
    assert scores["found_share"] == scores["placed_share"] == pytest.approx(2 / 3)
    # The second look sees rows and columns 0..60 of 80, of which half is 0.375 of the photo.
    assert scores["mean_iou"] == pytest.approx(2 / 3 * 0.75**2)
    assert scores["slices"]["species=CAT"] == {
        **{"scenes": 2, "found_share": 1.0, "mean_iou": pytest.approx(0.75**2)}
    }
    assert scores["slices"]["species=DOG"]["found_share"] == 0
    assert scores["slices"]["box_size=0.2-0.5"]["scenes"] == 3
    (found, _) = scores["checks"]
    assert not scores["passed"] and not found["passed"]
    assert "66.7% of 3 animals found, locate.min_found requires 70.0%" in found["message"]


def test_a_low_score_finds_nothing_and_nothing_false() -> None:
    scores = judged(-3.0, min_found=0.0)
    assert (scores["found_share"], scores["false_share"]) == (0.0, 0.0)
    assert scores["placed_share"] == pytest.approx(2 / 3)
    assert scores["passed"]


def test_a_find_beside_the_boxes_is_false_and_fails_the_gate() -> None:
    scores = judged(3.0, min_found=0.0)
    assert scores["empty_pictures"] == 6  # Two strips beside each box.
    assert scores["false_share"] == 1.0
    assert scores["auroc"] == 0.5  # All scores are equal.
    assert not scores["passed"]


def test_no_photo_to_judge_on_passes_no_gate() -> None:
    scores = judging.judge(Fixed(3.0), [], LocateSettings(resolution=SIDE))
    assert (scores["found_share"], scores["auroc"], scores["passed"]) == (None, None, False)


@pytest.mark.parametrize(
    ("positives", "negatives", "expected"),
    [([0.9, 0.8], [0.1], 1.0), ([0.1], [0.9], 0.0), ([0.5, 0.7], [0.5, 0.6], 0.625)],
)
def test_the_area_under_the_roc_counts_ties_half(
    positives: list[float], negatives: list[float], expected: float
) -> None:
    # The third: 0.5 ties with 0.5 (a half) and loses to 0.6; 0.7 wins twice: 2.5 of 4.
    found = judging.area_under_roc(*(np.array(each, np.float32) for each in (positives, negatives)))
    assert found == pytest.approx(expected)


def test_cut_outs_touch_no_box_and_are_no_slivers() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[13:62, 25:50] = 255
    boxes = np.array([(0.125, 0.25, 0.625, 0.5)], np.float32)
    parts = [*judging.cut_outs(pixels, boxes)]
    # Above are 12 rows, less than 15 % of the side; left 25 columns, of which 75 rows are taken.
    assert [part.shape[:2] for part in parts] == [(37, 100), (75, 25), (100, 50)]
    assert not any(part.any() for part in parts)
