"""Where in a box a model found a mood, by asking it again with parts of the box covered.

Occlusion sensitivity: Matthew D. Zeiler and Rob Fergus, "Visualizing and Understanding
Convolutional Networks", https://arxiv.org/abs/1311.2901, section 4.2. A grey square slides over
the picture, and what the mood loses by it is what the covered place spoke for. Unlike Grad-CAM
(``models.network.grad_cam``) it needs no gradients, so that a checkpoint, a pushed version and a
server are asked in the same way. As there, what counts is the loss of the probability's logarithm,
which tells places apart also where the model is sure.
"""

import io
import itertools
import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from client.backends.model import Model
from client.predict.pictures import Picture
from client.predict.predictor import BATCH
from dataset.boxes import PixelBox, view_of
from dataset.decoding import DECODE_ERRORS, PhotoError, opened, to_rgb
from schemas import signatures
from schemas.reasons import RejectReason

CELLS = 8
"""The map is CELLS x CELLS; the grey square covers 2 x 2 of them and moves by one."""
PATCHES = (CELLS - 1) ** 2

_GREY = (127, 127, 127)
_SIDE = 256
"""The box's longer side is brought to it, pixels: 50 copies of a phone's photo are 200 MB."""
_WIDEST_MARGIN = 1.0
"""The most by which any model widens a box; so much is kept around it."""
_LEAST = 1e-12


class Heat(NamedTuple):
    """Where a mood was found.

    Attributes:
      cells: float32[CELLS, CELLS] in 0..1 over the box, rows from the top, the largest being 1;
        all 0 where covering no place costs the mood anything.
      before: the mood's probability with nothing covered.
      after: the same with the square where it costs most.
    """

    cells: npt.NDArray[np.float32]
    before: float
    after: float


class CoveredError(RuntimeError):
    """A model that answered a picture and does not answer its covered copies."""


def heat_map(model: Model, picture: Picture, box: PixelBox | None, mood: str) -> Heat:
    """Asks a model ``PATCHES + 1`` times, in batches.

    Args:
      model: asked.
      picture: upright.
      box: within the picture, in its pixels; None is the whole picture.
      mood: one of the model's.

    Raises:
      PhotoError: IMAGE_TRUNCATED.
      CoveredError: the model does not answer.
    """
    shown, inner = _shrunk(picture, box or PixelBox(0, 0, picture.height, picture.width))
    copies = [_encoded(shown), *(_encoded(_covered(shown, patch)) for patch in _patches(inner))]
    boxes = None if box is None else [inner] * len(copies)
    responses = []
    for start in range(0, len(copies), BATCH):
        end = start + BATCH
        responses += model.predict(copies[start:end], None if boxes is None else boxes[start:end])
    if bad := {response.status for response in responses} - {signatures.STATUS_OK}:
        raise CoveredError(f"covered copies of the picture are answered with {', '.join(bad)}")
    asked = np.array([response.probabilities[mood] for response in responses], np.float64)
    if not np.isfinite(asked).all():
        raise CoveredError("covered copies of the picture are answered with no number")
    return Heat(spread(asked), float(asked[0]), float(asked.min()))


def spread(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Returns what each cell spoke for.

    Args:
      probabilities: float64[PATCHES + 1] of the mood: with nothing covered, and then with the
        square at each place, row by row.

    Returns:
      ``Heat.cells``: each cell's mean loss over the squares that cover it.
    """
    logs = np.log(np.maximum(probabilities, _LEAST))
    losses = np.maximum(logs[0] - logs[1:], 0).reshape(CELLS - 1, CELLS - 1)
    total, count = np.zeros((2, CELLS, CELLS))
    for y, x in itertools.product((0, 1), repeat=2):
        total[y : y + CELLS - 1, x : x + CELLS - 1] += losses
        count[y : y + CELLS - 1, x : x + CELLS - 1] += 1
    means = total / count
    return (means / (means.max() or 1)).astype(np.float32)


def _shrunk(picture: Picture, box: PixelBox) -> tuple[Image.Image, PixelBox]:
    """Returns the box and what lies around it, at ``_SIDE``, and where the box is in that."""
    around = view_of(box, _WIDEST_MARGIN, picture.height, picture.width)
    scale = _SIDE / max(box.height, box.width)
    with warnings.catch_warnings(), opened(picture.encoded) as image:
        warnings.simplefilter("ignore", UserWarning)  # Of odd metadata and palettes.
        try:
            image.load()
            pixels = to_rgb(image)
        except DECODE_ERRORS as error:
            raise PhotoError(RejectReason.IMAGE_TRUNCATED, str(error)) from error
    inner = PixelBox(
        round((box.y - around.y) * scale),
        round((box.x - around.x) * scale),
        max(1, round(box.height * scale)),
        max(1, round(box.width * scale)),
    )
    size = (
        max(inner.x + inner.width, round(around.width * scale)),
        max(inner.y + inner.height, round(around.height * scale)),
    )
    corners = (around.x, around.y, around.x + around.width, around.y + around.height)
    return pixels.resize(size, Image.Resampling.BILINEAR, box=corners), inner


def _patches(box: PixelBox) -> list[PixelBox]:
    """Returns the places of the grey square, row by row."""
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


def _covered(image: Image.Image, patch: PixelBox) -> Image.Image:
    copy = image.copy()
    if patch.height and patch.width:
        corner = (patch.x + patch.width - 1, patch.y + patch.height - 1)  # Pillow's is inclusive.
        ImageDraw.Draw(copy).rectangle(((patch.x, patch.y), corner), _GREY)
    return copy


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()
