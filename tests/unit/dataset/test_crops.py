"""Plans of stored crops: sizes, window and source region, computed by hand."""

from dataset.boxes import PixelBox
from dataset.crops import plan_crop


def test_a_large_view_is_shrunk_to_the_training_size_with_its_surplus_around():
    # 400 x 800 become 200 x 200: 2 rows and 4 columns of the photo per stored pixel.
    # 10 % of 200 is a surplus of 20, 10 on each side: 20 rows and 40 columns of the photo.
    plan = plan_crop(PixelBox(100, 200, 400, 800), 1000, 2000, side=200, surplus=0.1)
    assert (plan.height, plan.width) == (220, 220)
    assert plan.window == PixelBox(10, 10, 200, 200)
    assert plan.source == (160.0, 80.0, 1040.0, 520.0)


def test_a_view_smaller_than_the_training_size_is_stored_as_it_is():
    plan = plan_crop(PixelBox(50, 50, 60, 100), 500, 500, side=200, surplus=0.2)
    # 10 % of 60 and of 100 on each side.
    assert plan.window == PixelBox(6, 10, 60, 100)
    assert (plan.height, plan.width) == (72, 120)
    assert plan.source == (40.0, 44.0, 160.0, 116.0)


def test_the_surplus_ends_at_the_edges_of_the_photo():
    # The view is the whole photo except 6 rows at the top: 3 stored rows.
    plan = plan_crop(PixelBox(6, 0, 400, 400), 406, 400, side=200, surplus=0.5)
    assert plan.window == PixelBox(3, 0, 200, 200)
    assert (plan.height, plan.width) == (203, 200)
    assert plan.source == (0.0, 0.0, 400.0, 406.0)


def test_no_surplus_stores_the_view_alone():
    plan = plan_crop(PixelBox(10, 20, 300, 300), 400, 400, side=100, surplus=0)
    assert plan == ((100, 100, PixelBox(0, 0, 100, 100), (20.0, 10.0, 320.0, 310.0)))
