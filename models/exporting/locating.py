"""The locator in another runtime: the servable's looks at photos, called from Python."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.boxes import PixelBox
from models.exporting.photos import PhotoReader
from models.exporting.runtimes import Floats, Predict
from models.inputs.prepared_photo import Limits, Outcome
from models.location import decoding, second_look
from models.servable.answers import NO_ANIMAL
from schemas.documents.training import LocatorSpec

Sizes = npt.NDArray[np.int64]
"""Heights and widths of photos, int64[n, 2]."""


class Finds(NamedTuple):
    """What is found in photos.

    Attributes:
      outcomes: one for each photo, an ``Outcome`` or ``NO_ANIMAL``.
      scores: likewise, of the best place; 0 where the photo was not read.
      boxes: of the photos whose outcome is ``Outcome.OK``.
    """

    outcomes: list[int]
    scores: list[float]
    boxes: list[PixelBox]


def reader_for(spec: LocatorSpec, limits: Limits) -> PhotoReader:
    """Returns what prepares photos for a locator: whole ones, and the looks around a box."""
    return PhotoReader(spec["resolution"], second_look.MARGIN, limits)


class ExportedLocator:
    """Finds animals as ``models.servable.finding`` does."""

    def __init__(self, predict: Predict, spec: LocatorSpec, reader: PhotoReader) -> None:
        """Takes a runtime's function from pictures to maps, and what prepares its pictures.

        Args:
          predict: of ``models.exporting.runtimes``.
          spec: the servable's.
          reader: of ``reader_for``.
        """
        self._predict = predict
        self._min_score = np.float32(spec["min_score"])
        self._reader = reader

    def find(self, photos: Sequence[bytes]) -> Finds:
        """Returns what is found in photos, encoded in any bytes."""
        whole = self._reader.read(photos, None)
        read = [place for place, outcome in enumerate(whole.outcomes) if outcome is Outcome.OK]
        outcomes: list[int] = [int(outcome) for outcome in whole.outcomes]
        scores = [0.0] * len(photos)
        if not read:
            return Finds(outcomes, scores, [])
        places, found = self._look(whole.pixels)
        sizes = np.array([box[2:] for box in whole.boxes], np.int64)
        for place, score in zip(read, found.tolist(), strict=True):
            scores[place] = score
        is_animal = found >= self._min_score
        for place in np.array(read)[~is_animal].tolist():
            outcomes[place] = NO_ANIMAL
        chosen = np.array(read)[is_animal].tolist()
        boxes = _boxes(places[is_animal], sizes[is_animal])
        boxes = self._again([photos[place] for place in chosen], boxes, sizes[is_animal])
        return Finds(outcomes, scores, boxes)

    def _again(
        self, photos: Sequence[bytes], boxes: list[PixelBox], sizes: Sizes
    ) -> list[PixelBox]:
        """Returns the boxes that a second look at photos finds around boxes."""
        if not photos:
            return []
        close = self._reader.read(photos, boxes)
        again = list(boxes)
        read = [place for place, outcome in enumerate(close.outcomes) if outcome is Outcome.OK]
        if read:
            places, _ = self._look(close.pixels)
            in_photos = _in_photo(
                tf.constant(places), tf.constant(np.array(boxes, np.int64)[read]), sizes[read]
            )
            for place, box in zip(read, _boxes(in_photos, sizes[read]), strict=True):
                again[place] = box
        return again

    def _look(self, pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Returns the best place in each picture, and its score."""
        seen = _peaks(tf.constant(self._predict(pixels)))
        return seen.boxes[:, 0].numpy(), seen.scores[:, 0].numpy()


# Called operation by operation, these three took 26 ms a photo, more than its decoding.
_peaks, _in_photo, _pixel_boxes = (
    tf.function(function, autograph=False, reduce_retracing=True)
    for function in (decoding.peaks, second_look.in_photo, decoding.pixel_boxes)
)


def _boxes(places: tf.Tensor, sizes: Sizes) -> list[PixelBox]:
    boxes = _pixel_boxes(tf.constant(places), tf.constant(sizes, tf.int64))
    return [PixelBox(*box) for box in boxes.numpy().tolist()]
