"""Tests of dataset.aihub.clip_frames: a clip of 100 x 50 pixels (width x height)."""

from typing import Any

import pytest

from dataset.aihub.clip_folders import ImageFolder
from dataset.aihub.clip_frames import GROUP_MARK, ClipFrames, Fault, check_frames
from dataset.aihub.clip_json import Clip
from schemas import csv_columns
from schemas.prepare_reasons import PrepareReason


def annotation(number: Any = 0, **box: Any) -> dict[str, Any]:
    sides = {"x": 1, "y": 2, "width": 30, "height": 40} | box
    return {"frame_number": number, "timestamp": 0, "bounding_box": sides}


def check(annotations: list[Any], *frames: int) -> ClipFrames:
    """Checks the annotations; the frames with these numbers have an image."""
    clip = Clip("20201028_cat-1", "CAT", "공포", 100, 50, None, annotations)
    names = frozenset(f"frame_{number}_timestamp_0.jpg" for number in frames)
    return check_frames(clip, ImageFolder("train/cat/images/a/cat-1", names))


def test_a_row_has_a_cell_for_each_column() -> None:
    frames = check([annotation(6)], 6)
    path = "train/cat/images/a/cat-1/frame_6_timestamp_0.jpg"
    assert frames.rows == [
        (path, "2,1,40,30", "공포", "CAT", "20201028_cat-1", GROUP_MARK, 6, 0, 100, 50)
    ]
    header = "image_path,bbox,labels,species,clip,group,frame,timestamp,width,height"
    assert ",".join(csv_columns.PREPARED) == header


def test_every_annotation_is_a_row_a_reject_or_without_image() -> None:
    frames = check([annotation(0), annotation(6), annotation(12, x=None)], 0, 12, 18)
    assert len(frames.rows) == 1
    assert [reject[:2] for reject in frames.rejects] == [("12", PrepareReason.BOX_MALFORMED)]
    assert (frames.without_image, frames.unannotated) == ([6], 1)


def test_a_frame_without_image_is_not_refused_even_with_a_faulty_box() -> None:
    frames = check([annotation(0, x=None)])
    assert (frames.rejects, frames.without_image) == ([], [0])


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ({"x": None}, PrepareReason.BOX_MALFORMED),
        ({"x": 1.5}, PrepareReason.BOX_MALFORMED),
        ({"x": 1.5, "y": 2.0, "width": 30.0, "height": 40.0}, PrepareReason.BOX_MALFORMED),
        ({"x": 1.0, "y": 2.0, "width": 30.0, "height": 1e300}, PrepareReason.BOX_MALFORMED),
        ({"x": "1"}, PrepareReason.BOX_MALFORMED),
        ({"x": True}, PrepareReason.BOX_MALFORMED),
        ({"height": -40}, PrepareReason.BOX_NEGATIVE),
        ({"height": 0}, PrepareReason.BOX_EMPTY),
        ({"x": 71}, PrepareReason.BOX_OUTSIDE_IMAGE),
        ({"y": 11}, PrepareReason.BOX_OUTSIDE_IMAGE),
        ({"x": -1}, PrepareReason.BOX_OUTSIDE_IMAGE),
    ],
)
def test_a_bad_box_is_refused(box: dict[str, Any], reason: PrepareReason) -> None:
    frames = check([annotation(0, **box), annotation(6)], 0, 6)
    assert [reject[:2] for reject in frames.rejects] == [("0", reason)]
    assert len(frames.rows) == 1


def test_a_box_of_whole_floats_is_written_as_integers() -> None:
    floats = annotation(0, x=1.0, y=2.0, width=30.0, height=40.0)
    assert check([floats], 0).rows[0][1] == "2,1,40,30"


def test_a_box_that_touches_the_right_and_bottom_edge_is_kept() -> None:
    assert check([annotation(0, x=70, y=10)], 0).rows[0][1] == "10,70,40,30"


def test_a_box_that_overhangs_by_the_allowed_share_is_kept_as_it_is() -> None:
    # 5 % of 30 columns are 2 pixels, 5 % of 40 rows too.
    clip = Clip("c", "CAT", "공포", 100, 50, None, [annotation(0, x=-2), annotation(6, x=-3)])
    names = frozenset({"frame_0_timestamp_0.jpg", "frame_6_timestamp_0.jpg"})
    frames = check_frames(clip, ImageFolder("f", names), box_overhang=0.05)
    assert [row[1] for row in frames.rows] == ["2,-2,40,30"]
    assert [reject[:2] for reject in frames.rejects] == [("6", PrepareReason.BOX_OUTSIDE_IMAGE)]


@pytest.mark.parametrize("box", [None, [1, 2, 3, 4], {}, "1,2,3,4"])
def test_a_box_of_another_kind_is_refused(box: object) -> None:
    frames = check([annotation(0) | {"bounding_box": box}], 0)
    reason = PrepareReason.BOX_MISSING if box is None else PrepareReason.BOX_MALFORMED
    assert [reject.reason for reject in frames.rejects] == [reason]


@pytest.mark.parametrize("bad", [None, 3, [], {}, annotation("0"), annotation(0.0), annotation(-6)])
def test_an_annotation_without_a_frame_number_is_named_by_its_index(bad: object) -> None:
    frames = check([annotation(0), bad], 0)
    assert [reject[:2] for reject in frames.rejects] == [("#1", PrepareReason.FRAME_MALFORMED)]


def test_the_first_of_two_annotations_of_a_frame_is_used() -> None:
    frames = check([annotation(0), annotation(0, x=9)], 0)
    assert [row[1] for row in frames.rows] == ["2,1,40,30"]
    assert [reject.reason for reject in frames.rejects] == [PrepareReason.DUPLICATE_FRAME]


def test_only_images_of_otherwise_sound_frames_are_checked() -> None:
    checked = []

    def check_image(path: str, width: int, height: int) -> Fault | None:
        checked.append((path, width, height))
        return PrepareReason.NOT_AN_IMAGE, "as the check says"

    clip = Clip("c", "CAT", "공포", 100, 50, None, [annotation(0), annotation(6, x=-1)])
    names = frozenset({"frame_0_timestamp_0.jpg", "frame_6_timestamp_0.jpg"})
    frames = check_frames(clip, ImageFolder("f", names), check_image)
    assert checked == [("f/frame_0_timestamp_0.jpg", 100, 50)]
    assert frames.rows == []
    assert [reject.reason for reject in frames.rejects] == [
        PrepareReason.NOT_AN_IMAGE,
        PrepareReason.BOX_OUTSIDE_IMAGE,
    ]


@pytest.mark.parametrize(
    "name", ["frame_6_timestamp_0.JPG", "frame_6_timestamp_0.png", "frame_006_timestamp_000.jpeg"]
)
def test_an_image_with_another_ending_or_more_zeros_is_found(name: str) -> None:
    clip = Clip("c", "CAT", "공포", 100, 50, None, [annotation(6), annotation(12)])
    frames = check_frames(clip, ImageFolder("f", frozenset({name, "Thumbs.db"})))
    assert [row[0] for row in frames.rows] == [f"f/{name}"]
    assert (frames.without_image, frames.unannotated) == ([12], 1)
