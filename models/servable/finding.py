"""Finds the animals of photos: a look at the whole photo, and a second one around the place.

Each look decodes the photo again. Decoding once would keep the pixels of all photos of a chunk
until the locator has seen them.
"""

from typing import NamedTuple

import tensorflow as tf

from models.inputs.photo import PhotoPreprocessor
from models.inputs.prepared_photo import Outcome, PreparedPhoto, Source
from models.location import second_look
from models.location.decoding import pixel_boxes
from models.servable.rows import at_places, preprocessed
from models.servable.serving_spec import Locator


class Found(NamedTuple):
    """What was found in photos.

    Attributes:
      outcomes: int32[n], an ``Outcome``.
      scores: float32[n], of the best place of each; 0 where the photo was not read.
      boxes: int64[n, 4], (y, x, height, width) in pixels of the upright photo; zeros likewise.
    """

    outcomes: tf.Tensor
    scores: tf.Tensor
    boxes: tf.Tensor

    def is_found(self, min_score: float) -> tf.Tensor:
        """Returns bool[n], whether there is an animal."""
        return tf.equal(self.outcomes, int(Outcome.OK)) & (self.scores >= min_score)


class Finder:
    """Looks for animals; works in graphs only."""

    def __init__(self, locator: Locator, preprocess: PhotoPreprocessor) -> None:
        """Keeps the locator.

        Args:
          locator: looks at photos.
          preprocess: whose graph is used.
        """
        self._locator = locator
        self._first = preprocess.with_view(locator.resolution, 0.0)
        self._second = preprocess.with_view(locator.resolution, second_look.MARGIN)

    def find(self, encoded: tf.Tensor, count: tf.Tensor) -> Found:
        """Returns what is in photos.

        Args:
          encoded: string[n].
          count: int32[], n.
        """
        first, sizes = self._look(encoded, count)
        is_found = first.is_found(self._locator.min_score)
        rows = tf.where(is_found)
        again = self._look_again(
            *(tf.boolean_mask(each, is_found) for each in (encoded, first.boxes, sizes)),
        )
        return first._replace(boxes=tf.tensor_scatter_nd_update(first.boxes, rows, again))

    def _look(self, encoded: tf.Tensor, count: tf.Tensor) -> tuple[Found, tf.Tensor]:
        """Returns what is seen in whole photos, and their sizes, int64[n, 2]."""

        def preprocess_row(row: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            no_box = tf.zeros([4], tf.int64)
            return self._first(row, no_box, Source.WHOLE_PHOTO, in_parallel)

        indices, photos = preprocessed([encoded], count, preprocess_row, self._locator.resolution)
        outcomes, wholes = at_places(indices, photos, count)
        is_ok = tf.equal(photos.outcome, int(Outcome.OK))
        ok_indices = tf.boolean_mask(indices, is_ok)
        places, ok_scores = self._places(tf.boolean_mask(photos.pixels, is_ok))
        ok_boxes = pixel_boxes(places, tf.gather(wholes, ok_indices)[:, 2:])
        at = ok_indices[:, tf.newaxis]
        found = Found(
            outcomes, tf.scatter_nd(at, ok_scores, [count]), tf.scatter_nd(at, ok_boxes, [count, 4])
        )
        return found, wholes[:, 2:]

    def _look_again(self, encoded: tf.Tensor, boxes: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
        """Returns the boxes that are seen around boxes, int64[n, 4]."""

        def preprocess_row(row: tf.Tensor, box: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            return self._second(row, box, Source.BOXED_PHOTO, in_parallel)

        count = tf.shape(encoded)[0]
        resolution = self._locator.resolution
        indices, photos = preprocessed([encoded, boxes], count, preprocess_row, resolution)
        places, _ = self._places(photos.pixels)
        first, sizes = tf.gather(boxes, indices), tf.gather(sizes, indices)
        again = pixel_boxes(second_look.in_photo(places, first, sizes), sizes)
        # What was read once is read again; else its first box would be the best there is.
        is_ok = tf.equal(photos.outcome, int(Outcome.OK))[:, tf.newaxis]
        again = tf.where(is_ok, again, first)
        return tf.tensor_scatter_nd_update(boxes, indices[:, tf.newaxis], again)

    def _places(self, pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # From an empty batch oneDNN's fused convolutions make a wrong shape, see ``signatures``.
        return tf.cond(
            tf.shape(pixels)[0] > 0,
            lambda: self._locator.locate(pixels),
            lambda: (tf.zeros([0, 4]), tf.zeros([0])),
        )
