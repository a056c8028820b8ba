"""Boxes: parsing, clipping and views."""

import pytest

from dataset.boxes import BoxError, PixelBox, clip_box, parse_box, view_of
from schemas.reasons import RejectReason


@pytest.mark.parametrize(
    "text", ["1,2,30,40", " 1, 2 ,30 , 40 ", "+1,2,30,40", "01,2,30,40", "1.0,2.,30.00,40"]
)
def test_four_integers_are_read_as_y_x_height_width(text):
    box = parse_box(text)
    assert (box.y, box.x, box.height, box.width) == (1, 2, 30, 40)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,x",
        "1.5,2,3,4",
        ".0,2,3,4",
        "1.0e3,2,3,4",
        "[1,2,3,4]",
        "1;2;3;4",
        "1,2,,4",
        "1,2,3,9999999999",
        "١,2,3,4",
        "nan,1,2,3",
        "1e3,1,2,3",
    ],
)
def test_anything_but_four_integers_is_malformed(text):
    with pytest.raises(BoxError) as error:
        parse_box(text)
    assert error.value.reason is RejectReason.BOX_MALFORMED
    assert repr(text) in str(error.value)


def test_a_corner_may_lie_above_and_to_the_left_of_the_photo():
    assert parse_box("-1, -20,30,40") == PixelBox(-1, -20, 30, 40)


@pytest.mark.parametrize("text", ["1,2,-3,4", "1,2,3,-4", "1,2,0,-4"])
def test_a_side_below_zero_is_negative_even_with_an_empty_side(text):
    with pytest.raises(BoxError) as error:
        parse_box(text)
    assert error.value.reason is RejectReason.BOX_NEGATIVE


@pytest.mark.parametrize("text", ["1,2,0,4", "1,2,3,0", "0,0,0,0"])
def test_a_side_of_zero_is_empty(text):
    with pytest.raises(BoxError) as error:
        parse_box(text)
    assert error.value.reason is RejectReason.BOX_EMPTY


def test_a_box_that_touches_the_right_and_bottom_edge_is_kept():
    box = PixelBox(60, 50, 40, 150)
    assert clip_box(box, 0.0, image_height=100, image_width=200) == box


@pytest.mark.parametrize(
    "box",
    [
        PixelBox(61, 50, 40, 150),
        PixelBox(60, 51, 40, 150),
        PixelBox(-1, 50, 40, 150),
        PixelBox(60, -1, 40, 150),
    ],
)
def test_a_box_one_pixel_past_an_edge_is_outside_where_nothing_may_overhang(box):
    with pytest.raises(BoxError) as error:
        clip_box(box, 0.0, image_height=100, image_width=200)
    assert error.value.reason is RejectReason.BOX_OUTSIDE_IMAGE


@pytest.mark.parametrize(
    ("box", "part"),
    [
        (PixelBox(-2, 0, 40, 200), PixelBox(0, 0, 38, 200)),
        (PixelBox(62, -7, 40, 150), PixelBox(62, 0, 38, 143)),
        # 10 of 210 columns, 5 on either side, and 5 of 105 rows: 5 % is 10.5 and 5.25.
        (PixelBox(-3, -5, 105, 210), PixelBox(0, 0, 100, 200)),
        # Half a pixel is rounded up: 5 % of 10 is 0.5.
        (PixelBox(91, 0, 10, 10), PixelBox(91, 0, 9, 10)),
    ],
)
def test_the_share_of_a_side_that_may_overhang_is_clipped(box, part):
    assert clip_box(box, 0.05, image_height=100, image_width=200) == part


@pytest.mark.parametrize(
    "box",
    [
        PixelBox(-3, 0, 40, 200),
        PixelBox(63, 0, 40, 200),
        # The share is that of each axis, not of the area.
        PixelBox(0, 0, 100, 212),
        PixelBox(92, 0, 10, 10),
        PixelBox(0, 201, 10, 10),
        PixelBox(0, -10, 10, 10),
    ],
)
def test_a_box_that_overhangs_further_is_outside(box):
    with pytest.raises(BoxError) as error:
        clip_box(box, 0.05, image_height=100, image_width=200)
    assert error.value.reason is RejectReason.BOX_OUTSIDE_IMAGE
    assert "at most 0.05 of a box's side" in str(error.value)


def test_a_box_of_one_pixel_beside_the_photo_is_outside_at_the_largest_share():
    # Half of 1 is rounded up to 1, and nothing would be left.
    with pytest.raises(BoxError):
        clip_box(PixelBox(0, 200, 1, 1), 0.5, image_height=100, image_width=200)


def test_a_box_with_swapped_axes_is_outside_of_a_landscape_photo():
    # 150 rows from row 50 do not fit into 100; 150 columns from column 50 fit into 200.
    with pytest.raises(BoxError):
        clip_box(PixelBox(50, 60, 150, 40), 0.05, image_height=100, image_width=200)


def test_the_smallest_side_allowed_is_kept_and_one_pixel_less_is_too_small():
    clip_box(PixelBox(0, 0, 16, 16), 0.0, image_height=100, image_width=100, min_side=16)
    for box in (PixelBox(0, 0, 16, 15), PixelBox(-1, 0, 16, 16)):
        with pytest.raises(BoxError) as error:
            clip_box(box, 0.1, image_height=100, image_width=100, min_side=16)
        assert error.value.reason is RejectReason.BOX_TOO_SMALL


def test_the_view_is_the_box_widened_by_the_margin_on_each_side():
    # 10 % of 100 rows are 10, of 200 columns 20.
    view = view_of(PixelBox(50, 60, 100, 200), 0.1, image_height=500, image_width=500)
    assert view == PixelBox(40, 40, 120, 240)


def test_the_view_ends_at_the_edges_of_the_photo():
    view = view_of(PixelBox(5, 300, 100, 200), 0.1, image_height=110, image_width=505)
    # Rows -5..115 are cut to 0..110, columns 280..520 to 280..505.
    assert view == PixelBox(0, 280, 110, 225)


def test_half_a_pixel_of_margin_is_rounded_up():
    # 5 % of 30 is 1.5, which becomes 2.
    assert view_of(PixelBox(10, 10, 30, 30), 0.05, 100, 100) == PixelBox(8, 8, 34, 34)
