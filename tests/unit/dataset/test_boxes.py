"""Boxes: parsing, checks and views."""

import pytest

from dataset.boxes import BoxError, PixelBox, check_box, parse_box, view_of
from schemas.reasons import RejectReason


@pytest.mark.parametrize("text", ["1,2,30,40", " 1, 2 ,30 , 40 ", "+1,2,30,40", "01,2,30,40"])
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
        "1.0,2,3,4",
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


@pytest.mark.parametrize("text", ["-1,2,3,4", "1,-2,3,4", "1,2,-3,4", "1,2,3,-4", "-1,2,0,4"])
def test_a_number_below_zero_is_negative_even_with_an_empty_side(text):
    with pytest.raises(BoxError) as error:
        parse_box(text)
    assert error.value.reason is RejectReason.BOX_NEGATIVE


@pytest.mark.parametrize("text", ["1,2,0,4", "1,2,3,0", "0,0,0,0"])
def test_a_side_of_zero_is_empty(text):
    with pytest.raises(BoxError) as error:
        parse_box(text)
    assert error.value.reason is RejectReason.BOX_EMPTY


def test_a_box_that_touches_the_right_and_bottom_edge_is_kept():
    check_box(PixelBox(60, 50, 40, 150), image_height=100, image_width=200, min_side=16)


@pytest.mark.parametrize("box", [PixelBox(61, 50, 40, 150), PixelBox(60, 51, 40, 150)])
def test_a_box_one_pixel_past_an_edge_is_outside(box):
    with pytest.raises(BoxError) as error:
        check_box(box, image_height=100, image_width=200, min_side=16)
    assert error.value.reason is RejectReason.BOX_OUTSIDE_IMAGE


def test_a_box_with_swapped_axes_is_outside_of_a_landscape_photo():
    # 150 rows from row 50 do not fit into 100; 150 columns from column 50 fit into 200.
    with pytest.raises(BoxError):
        check_box(PixelBox(50, 60, 150, 40), image_height=100, image_width=200, min_side=16)


def test_the_smallest_side_allowed_is_kept_and_one_pixel_less_is_too_small():
    check_box(PixelBox(0, 0, 16, 16), image_height=100, image_width=100, min_side=16)
    with pytest.raises(BoxError) as error:
        check_box(PixelBox(0, 0, 16, 15), image_height=100, image_width=100, min_side=16)
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
