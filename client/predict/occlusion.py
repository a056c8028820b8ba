"""Heat map of a mood: the parts of a box that the prediction depends on, found by covering them.

Occlusion sensitivity: Matthew D. Zeiler and Rob Fergus, "Visualizing and Understanding
Convolutional Networks", https://arxiv.org/abs/1311.2901, section 4.2. A grey square slides over
the picture; the more the mood's probability falls, the more the covered area matters. Unlike
Grad-CAM (``models.network.grad_cam``) it needs no gradients, so it works alike for a checkpoint,
a pushed version and a server. As in Grad-CAM, the measure is the loss of the probability's
logarithm, which tells areas apart even if the model is certain.
"""

import io
import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from client.backends.model import Model
from client.predict.pictures import Picture
from client.predict.predict_batches import BATCH_SIZE
from dataset.boxes import PixelBox, view_of
from dataset.photos.decoding import decode_whole
from dataset.photos.opening import opened
from schemas import signatures
from schemas.limits import MAX_IMAGE_PIXELS

CELLS = 8
"""The map is CELLS x CELLS; the grey square covers 2 x 2 of them and moves by one."""
SQUARES = (CELLS - 1) ** 2
"""Positions of the grey square."""

LEAST_COST = 0.001
"""Probability that a square must cost to be painted: a tenth of a percentage point, the least that
the demo shows. A map is relative: without this limit a square that costs nothing would be as red as
one that costs everything. A larger limit would leave a certain model without a map, for its
probability falls by little."""

_GREY = (127, 127, 127)
_LONGER_SIDE = 256
"""Pixels that the box's longer side is resized to: at full size the 50 copies of a phone's photo
would take 200 MB."""
_WIDEST_MARGIN = 1.0
"""The largest margin by which any model widens a box; this much is kept around it."""
_EPSILON = 1e-12
"""Lower limit of probabilities, so that their logarithm is finite."""


class HeatMap(NamedTuple):
    """How much each area matters for a mood.

    Attributes:
      cells: float32[CELLS, CELLS] in 0..1 over the box, rows from the top. The largest is 1; all
        are 0 if covering no area lowers the probability by ``LEAST_COST``.
      before: the mood's probability with nothing covered.
      after: the probability with the square at its most effective position.
    """

    cells: npt.NDArray[np.float32]
    before: float
    after: float


class OcclusionError(RuntimeError):
    """The model has predicted a picture, but not its covered copies."""


def heat_map(model: Model, picture: Picture, box: PixelBox | None, mood: str) -> HeatMap:
    """Returns the heat map of a mood, for which it predicts ``SQUARES + 1`` copies in batches.

    Args:
      model: predicts.
      picture: upright.
      box: within the picture, in its pixels; None is the whole picture.
      mood: one of the model's.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
      OcclusionError: the model does not predict the copies, or returns NaN or infinity.
    """
    shrunk, shrunk_box = _shrink(picture, box or PixelBox(0, 0, picture.height, picture.width))
    squares = _square_positions(shrunk_box)
    copies = [_encode(shrunk), *(_encode(_cover(shrunk, square)) for square in squares)]
    # Also for a whole picture: else a model with a locator would look for the animal in each copy.
    boxes = [shrunk_box] * len(copies)

    responses = []
    for start in range(0, len(copies), BATCH_SIZE):
        end = start + BATCH_SIZE
        responses += model.predict(copies[start:end], boxes[start:end])
    if bad := {response.status for response in responses} - {signatures.STATUS_OK}:
        raise OcclusionError(f"covered copies of the picture got the status {', '.join(bad)}")
    probabilities = np.array([response.probabilities[mood] for response in responses], np.float64)
    if not np.isfinite(probabilities).all():
        raise OcclusionError("covered copies of the picture got a NaN or infinite probability")
    return HeatMap(cell_scores(probabilities), float(probabilities[0]), float(probabilities.min()))


def cell_scores(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Returns how much each cell matters.

    Args:
      probabilities: float64[SQUARES + 1] of the mood: with nothing covered, and then with the
        square at each position, row by row.

    Returns:
      ``HeatMap.cells``: each cell's mean loss over the squares that cover it, without the squares
      that cost less than ``LEAST_COST``.
    """
    logs = np.log(np.maximum(probabilities, _EPSILON))
    costs = probabilities[0] - probabilities[1:] >= LEAST_COST
    losses = np.where(costs, logs[0] - logs[1:], 0).reshape(CELLS - 1, CELLS - 1)
    total, count = np.zeros((2, CELLS, CELLS))
    for y, x in itertools.product((0, 1), repeat=2):
        total[y : y + CELLS - 1, x : x + CELLS - 1] += losses
        count[y : y + CELLS - 1, x : x + CELLS - 1] += 1
    means = total / count
    return (means / (means.max() or 1)).astype(np.float32)


def _shrink(picture: Picture, box: PixelBox) -> tuple[Image.Image, PixelBox]:
    """Returns the box with its surroundings at ``_LONGER_SIDE``, and the box's position in that."""
    around = view_of(box, _WIDEST_MARGIN, picture.height, picture.width)
    scale = _LONGER_SIDE / max(box.height, box.width)
    with opened(picture.encoded, MAX_IMAGE_PIXELS) as photo:
        pixels = decode_whole(photo).pixels

    shrunk_box = PixelBox(
        round((box.y - around.y) * scale),
        round((box.x - around.x) * scale),
        max(1, round(box.height * scale)),
        max(1, round(box.width * scale)),
    )
    size = (
        max(shrunk_box.x + shrunk_box.width, round(around.width * scale)),
        max(shrunk_box.y + shrunk_box.height, round(around.height * scale)),
    )
    corners = (around.x, around.y, around.x + around.width, around.y + around.height)
    return pixels.resize(size, Image.Resampling.BILINEAR, box=corners), shrunk_box


def _square_positions(box: PixelBox) -> list[PixelBox]:
    """Returns the positions of the grey square, row by row."""
    rows, columns = (
        start + np.arange(CELLS + 1) * side // CELLS
        for start, side in ((box.y, box.height), (box.x, box.width))
    )
    return [
        PixelBox(
            int(rows[y]),
            int(columns[x]),
            int(rows[y + 2] - rows[y]),
            int(columns[x + 2] - columns[x]),
        )
        for y, x in itertools.product(range(CELLS - 1), repeat=2)
    ]


def _cover(image: Image.Image, square: PixelBox) -> Image.Image:
    copy = image.copy()
    if square.height and square.width:
        # Pillow's corner is inclusive.
        corner = (square.x + square.width - 1, square.y + square.height - 1)
        ImageDraw.Draw(copy).rectangle(((square.x, square.y), corner), _GREY)
    return copy


def _encode(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()
