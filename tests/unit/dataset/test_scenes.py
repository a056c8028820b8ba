"""Scenes: their size, and the boxes in them."""

import io

import pytest
from PIL import Image

from dataset.boxes import PixelBox
from dataset.scenes import SceneSettings, evenly, make_scene
from dataset.settings import DataSettings
from schemas.splits import EVAL, TRAIN
from testing.models import quadrants


def test_a_scene_is_the_whole_photo_small_with_boxes_as_shares_of_its_sides() -> None:
    photo = quadrants.encoded(quadrants.mottled(100, 200), "PNG")
    boxes = [PixelBox(10, 20, 40, 100), PixelBox(98, 0, 2, 2)]
    scene = make_scene(photo, boxes, DataSettings(), side=50)
    with Image.open(io.BytesIO(scene.jpeg)) as image:
        assert (image.format, image.size) == ("JPEG", (50, 25))
    # The second is far below the least side of a box to train on, and an animal even so.
    assert scene.boxes == (pytest.approx((0.1, 0.1, 0.5, 0.6)), pytest.approx((0.98, 0, 1, 0.01)))


def test_a_small_photo_keeps_its_size_and_a_box_that_lies_outside_is_none() -> None:
    photo = quadrants.encoded(quadrants.mottled(40, 30), "PNG")
    scene = make_scene(photo, [PixelBox(0, 25, 10, 10)], DataSettings(), side=640)
    with Image.open(io.BytesIO(scene.jpeg)) as image:
        assert image.size == (30, 40)
    assert scene.boxes == ()


@pytest.mark.parametrize(
    ("count", "chosen", "expected"),
    [(0, 2, []), (1, 2, [0]), (2, 2, [0, 1]), (3, 2, [0, 1]), (10, 2, [0, 5]), (5, 1, [0])],
)
def test_places_are_spread_evenly(count: int, chosen: int, expected: list[int]) -> None:
    assert evenly(count, chosen) == expected


def test_scenes_that_judge_are_larger_than_those_that_are_learnt_from() -> None:
    settings = SceneSettings(side=200, judged_side=640)
    assert (settings.side_in(TRAIN), settings.side_in(EVAL)) == (200, 640)
