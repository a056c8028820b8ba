"""Heat maps of a model that can be computed by hand; no TensorFlow."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from client.backends.model import ModelInfo, Response
from client.predict.occlusion import CELLS, SQUARES, OcclusionError, cell_scores, heat_map
from client.predict.pictures import Picture
from dataset.boxes import PixelBox
from testing.models import quadrants


class RednessModel:
    """Gives "red" half the share of red pixels in the box as probability, and "other" the rest."""

    info = ModelInfo("a test", ("red", "other"), None)

    def __init__(self, status: str = "ok") -> None:
        self.status = status
        self.batch_sizes: list[int] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.batch_sizes.append(len(pictures))
        responses = []
        for number, encoded in enumerate(pictures):
            pixels = np.asarray(Image.open(io.BytesIO(encoded))).astype(int)
            if boxes is not None:
                y, x, height, width = boxes[number]
                pixels = pixels[y : y + height, x : x + width]
            share = float((pixels[..., 0] > pixels[..., 1] + 100).mean()) / 2
            responses.append(Response(self.status, "red", {"red": share, "other": 1 - share}))
        return responses


def picture(image: Image.Image) -> Picture:
    return Picture(quadrants.encoded(image), image.height, image.width)


def test_a_square_that_costs_half_marks_its_four_cells_by_how_many_squares_share_them() -> None:
    probabilities = np.full(SQUARES + 1, 0.8)
    probabilities[1] = 0.4  # The square at the top left; a corner cell is covered by no other.
    expected = np.zeros((CELLS, CELLS))
    expected[:2, :2] = [[1, 1 / 2], [1 / 2, 1 / 4]]
    np.testing.assert_allclose(cell_scores(probabilities), expected, rtol=1e-6)


def test_squares_that_cost_nothing_or_help_are_cold() -> None:
    probabilities = np.full(SQUARES + 1, 0.5)
    probabilities[5] = 0.9
    assert not cell_scores(probabilities).any()


@pytest.mark.parametrize(("cost", "is_painted"), [(0.00099, False), (0.00101, True)])
def test_a_square_that_costs_less_than_is_shown_is_cold(cost: float, is_painted: bool) -> None:
    probabilities = np.full(SQUARES + 1, 0.999)
    probabilities[5] -= cost
    assert cell_scores(probabilities).any() == is_painted
    # Beside one that costs much too.
    probabilities[1] = 0.2
    assert (cell_scores(probabilities)[0, 5] > 0) == is_painted


def test_a_probability_of_0_is_a_finite_loss() -> None:
    probabilities = np.full(SQUARES + 1, 0.5)
    probabilities[1] = 0
    assert np.isfinite(cell_scores(probabilities)).all()


def test_the_map_is_warm_where_the_mood_is_and_cold_elsewhere() -> None:
    model = RednessModel()
    heat = heat_map(model, picture(quadrants.red_at(3, 64, 96)), None, "red")
    assert heat.cells.shape == (8, 8)
    # Red is the quadrant at the bottom right: cells 4..7 of both axes.
    assert heat.cells[5:, 5:].min() > 0.9 and heat.cells[:4].max() < 0.6
    assert heat.cells[:3].max() == heat.cells[:, :3].max() == 0
    # The square covers 4 of the 16 red cells of 64.
    assert (heat.before, heat.after) == pytest.approx((16 / 128, 12 / 128), abs=0.004)
    assert model.batch_sizes == [32, 18]


def test_the_map_is_of_the_box_and_not_of_the_picture() -> None:
    image = Image.new("RGB", (400, 300))
    image.paste(quadrants.red_at(0, 80, 80), (200, 100))
    heat = heat_map(RednessModel(), picture(image), PixelBox(100, 200, 80, 80), "red")
    assert heat.before == pytest.approx(1 / 8, abs=0.004)
    assert heat.cells[:3, :3].min() > 0.9 and heat.cells[5:].max() == 0


@pytest.mark.parametrize(
    "box", [PixelBox(0, 0, 1, 300), PixelBox(0, 0, 3, 3), PixelBox(0, 0, 300, 1)]
)
def test_thin_and_tiny_boxes_have_a_map(box: PixelBox) -> None:
    heat = heat_map(RednessModel(), picture(Image.new("RGB", (300, 300), "red")), box, "red")
    assert np.isfinite(heat.cells).all() and heat.before == pytest.approx(0.5)


def test_a_model_that_does_not_predict_covered_copies_is_an_error() -> None:
    with pytest.raises(OcclusionError, match="request_too_large"):
        heat_map(RednessModel("request_too_large"), picture(quadrants.red_at(0)), None, "red")
