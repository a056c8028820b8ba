"""Preprocessing of what callers send: limits before decoding, and the EXIF orientation.

The formats are those of ``schemas.signatures.IMAGE_BYTES``. ``models.inputs.photo_graph`` has the
operations. What remains is as in the training: see ``models.inputs.preprocessing``.
"""

import copy

import tensorflow as tf

from models.inputs.photo_graph import PhotoGraph, PhotoRequest
from models.inputs.prepared_photo import Limits, PreparedPhoto, Source


class PhotoPreprocessor:
    """Preprocessing of photos, one at a time; works in graphs only."""

    def __init__(
        self, resolution: int, box_margin: float, limits: Limits, box_overhang: float = 0.0
    ) -> None:
        """Keeps the parameters.

        Args:
          resolution: side of the result, pixels.
          box_margin: a box is widened on each side by this share of its side, >= 0.
          limits: of a picture.
          box_overhang: share of a box's side that may lie outside of the photo, 0 to 0.5.
        """
        self._resolution = resolution
        self._box_margin = box_margin
        self._box_overhang = box_overhang
        self._prepare = PhotoGraph(limits).prepare

    def with_view(self, resolution: int, box_margin: float) -> "PhotoPreprocessor":
        """Returns one that cuts otherwise, and takes no box that overhangs.

        Both share their graph, which takes seconds to make and to load.
        """
        other = copy.copy(self)
        other._resolution, other._box_margin, other._box_overhang = resolution, box_margin, 0.0
        return other

    def __call__(
        self, encoded: tf.Tensor, box: tf.Tensor, source: Source, in_parallel: bool
    ) -> PreparedPhoto:
        """Checks and decodes a photo, cuts the view out, resizes it and turns it upright.

        Turning what was resized, and not the photo, takes a hundredth of the time. A pixel can
        differ by one level from that of a photo that was turned before, since the resize rounds.

        Args:
          encoded: string[], any bytes.
          box: int64[4], (y, x, height, width) in pixels of the upright photo, any values; ignored
            for ``Source.WHOLE_PHOTO``.
          source: of the photo.
          in_parallel: whether photos that need much memory are put off.

        Raises:
          tf.errors.InvalidArgumentError: when it runs on bytes that are no picture of the known
            formats, or break off.
        """
        is_boxed = source == Source.BOXED_PHOTO
        request = PhotoRequest(
            box,
            tf.constant(int(source)),
            tf.constant(in_parallel),
            tf.constant(self._resolution),
            tf.constant(self._box_margin if is_boxed else 0.0, tf.float64),
            tf.constant(self._box_overhang if is_boxed else 0.0, tf.float64),
        )
        pixels, outcome, used = self._prepare(encoded, request)
        square = [self._resolution, self._resolution, 3]
        return PreparedPhoto(tf.ensure_shape(pixels, square), outcome, tf.ensure_shape(used, [4]))
