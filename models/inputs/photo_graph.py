"""Preprocessing of what callers send: limits before decoding, and the EXIF orientation.

The picture's size is read from its header before anything is decoded. Then the file is brought
into a form whose decoding is bounded: a PNG without texts, a GIF of its first frame, a JPEG of few
scans. What remains is as in the training: see ``models.inputs.preprocessing``.

The formats are those of ``schemas.signatures.IMAGE_BYTES``, told apart by their first bytes, and
not what TensorFlow's decoder takes, which differs between its versions.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models.inputs import bmp, exif, gif, jpeg, png
from models.inputs.autograph import apart
from models.inputs.byte_fields import require, starts_with
from models.inputs.prepared_photo import Limits, Outcome, PreparedPhoto, Source
from models.inputs.preprocessing import (
    clip_box,
    cut_jpeg,
    decode_other,
    lies_within,
    resize,
    view_of,
    whole_picture,
)
from schemas.limits import MAX_IMAGE_SIDE

_MAX_PARALLEL_PIXELS = 2**24
"""Pixels that a picture may hold in memory while others are decoded beside it. More than the 12
megapixels of most phones."""


class _Opened(NamedTuple):
    """A photo before it is decoded.

    Attributes:
      size: int64[2], (height, width) as stored.
      orientation: int32[], 1..8.
      is_held_whole: bool[], whether decoding any part holds the whole picture in memory.
      cut: decodes a box, int64[4], in stored pixels: uint8[height, width, 3].
    """

    size: tf.Tensor
    orientation: tf.Tensor
    is_held_whole: tf.Tensor
    cut: Callable[[tf.Tensor], tf.Tensor]


class PhotoRequest(NamedTuple):
    """What is asked of a photo.

    Attributes:
      box: int64[4], (y, x, height, width); ignored for ``Source.WHOLE_PHOTO``.
      source: int32[], a ``Source``.
      in_parallel: bool[], whether other photos are prepared at the same time.
      resolution: int32[], side of the result, pixels.
      margin: float64[], share of its side by which a box is widened on each side.
      overhang: float64[], share of a box's side that may lie outside of the photo.
    """

    box: tf.Tensor
    source: tf.Tensor
    in_parallel: tf.Tensor
    resolution: tf.Tensor
    margin: tf.Tensor
    overhang: tf.Tensor


class PhotoGraph:
    """Prepares photos, one at a time: for any view, so that one graph is enough for several."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.prepare = apart(self._prepare_here)
        self._prepare_png = apart(self._prepare_png_here)
        self._prepare_gif = apart(self._prepare_gif_here)
        self._prepare_bmp = apart(self._prepare_bmp_here)

    def _prepare_here(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        return tf.cond(
            tf.strings.length(encoded) <= self._limits.bytes,
            # JPEG is the commonest: it costs the fewest operations.
            lambda: tf.cond(
                tf.io.is_jpeg(encoded),
                lambda: self._prepare_jpeg(encoded, request),
                lambda: self._prepare_other(encoded, request),
            ),
            lambda: _without_pixels(Outcome.TOO_LARGE, request),
        )

    def _prepare_other(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        def fail() -> PreparedPhoto:
            blank = _without_pixels(Outcome.UNREADABLE, request)
            rule = "A picture is a JPEG, PNG, GIF or BMP."
            return blank._replace(pixels=require(tf.constant(False), rule, blank.pixels))

        return tf.case(
            [
                (starts_with(encoded, png.MAGIC), lambda: self._prepare_png(encoded, request)),
                (starts_with(encoded, gif.MAGIC), lambda: self._prepare_gif(encoded, request)),
                (starts_with(encoded, bmp.MAGIC), lambda: self._prepare_bmp(encoded, request)),
            ],
            default=fail,
        )

    def _prepare_jpeg(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        def prepare(shape: tf.Tensor) -> PreparedPhoto:
            decodable = jpeg.with_few_scans(encoded)
            is_held_whole = tf.cond(
                shape[0] * shape[1] > _MAX_PARALLEL_PIXELS,
                lambda: ~jpeg.is_streamed(encoded, shape[2]),
                lambda: tf.constant(False),
            )
            opened = _Opened(
                shape[:2],
                self._orientation(lambda: exif.jpeg_orientation(encoded), request),
                is_held_whole,
                lambda view: cut_jpeg(decodable, view),
            )
            return self._prepare_opened(opened, request)

        shape = tf.io.extract_jpeg_shape(encoded, output_type=tf.int64)
        return self._within_limits(shape, prepare, request)

    def _prepare_png_here(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        def prepare(size: tf.Tensor) -> PreparedPhoto:
            opened = png.opened(encoded, size)
            orientation = self._orientation(lambda: exif.tiff_orientation(opened.exif), request)
            whole = _opened_whole(size, orientation, lambda: decode_other(opened.decodable))
            return self._prepare_opened(whole, request)

        return self._within_limits(png.size_of(encoded), prepare, request)

    def _prepare_gif_here(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        def prepare_frame(_screen: tf.Tensor) -> PreparedPhoto:
            frame = gif.first_frame(encoded)

            def prepare(size: tf.Tensor) -> PreparedPhoto:
                whole = _opened_whole(
                    size,
                    tf.constant(exif.UPRIGHT),
                    lambda: gif.on_screen(decode_other(frame.decodable), frame),
                )
                return self._prepare_opened(whole, request)

            return self._within_limits(frame.size, prepare, request)

        return self._within_limits(gif.screen_of(encoded), prepare_frame, request)

    def _prepare_bmp_here(self, encoded: tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
        def prepare(size: tf.Tensor) -> PreparedPhoto:
            orientation = tf.constant(exif.UPRIGHT)
            whole = _opened_whole(size, orientation, lambda: decode_other(encoded))
            return self._prepare_opened(whole, request)

        return self._within_limits(bmp.size_of(encoded), prepare, request)

    def _orientation(self, read: Callable[[], tf.Tensor], request: PhotoRequest) -> tf.Tensor:
        return tf.cond(
            tf.equal(request.source, int(Source.EXAMPLE)),
            lambda: tf.constant(exif.UPRIGHT),
            read,
        )

    def _within_limits(
        self,
        size: tf.Tensor,
        prepare: Callable[[tf.Tensor], PreparedPhoto],
        request: PhotoRequest,
    ) -> PreparedPhoto:
        """Returns what ``prepare`` makes of a size, or that the picture is too large.

        Args:
          size: int64[n], which begins with height and width.
          prepare: gets the size.
          request: of the picture.
        """
        # Sides of 32 bits: the product cannot overflow 64.
        fits = (tf.reduce_max(size[:2]) <= MAX_IMAGE_SIDE) & (
            size[0] * size[1] <= self._limits.pixels
        )
        return tf.cond(
            fits, lambda: prepare(size), lambda: _without_pixels(Outcome.TOO_LARGE, request)
        )

    def _prepare_opened(self, opened: _Opened, request: PhotoRequest) -> PreparedPhoto:
        size = exif.upright_size(opened.size, opened.orientation)
        is_whole = tf.equal(request.source, int(Source.WHOLE_PHOTO))
        box = tf.where(is_whole, whole_picture(size), request.box)
        box = clip_box(box, request.overhang, size)
        view = view_of(box, request.margin, size)
        is_inside = lies_within(view, size)
        held = tf.where(opened.is_held_whole, tf.reduce_prod(size), tf.reduce_prod(view[2:]))
        is_put_off = request.in_parallel & (held > _MAX_PARALLEL_PIXELS)

        def decode() -> PreparedPhoto:
            stored_view = exif.stored_box(view, opened.size, opened.orientation)
            resized = resize(opened.cut(stored_view), request.resolution)
            pixels = exif.upright(resized, opened.orientation)
            return PreparedPhoto(pixels, tf.constant(int(Outcome.OK)), box)

        def leave() -> PreparedPhoto:
            outcome = tf.where(
                is_inside, int(Outcome.TOO_LARGE_FOR_PARALLEL), int(Outcome.BOX_OUTSIDE)
            )
            has_pixels = tf.reduce_min(size) > 0
            outcome = tf.where(has_pixels, outcome, int(Outcome.UNREADABLE))
            return _without_pixels(outcome, request)

        return tf.cond(is_inside & ~is_put_off, decode, leave)


def _without_pixels(outcome: Outcome | tf.Tensor, request: PhotoRequest) -> PreparedPhoto:
    square = tf.stack([request.resolution, request.resolution, 3])
    return PreparedPhoto(
        tf.zeros(square, tf.uint8),
        tf.convert_to_tensor(outcome, tf.int32),
        tf.zeros([4], tf.int64),
    )


def _opened_whole(
    size: tf.Tensor, orientation: tf.Tensor, decode: Callable[[], tf.Tensor]
) -> _Opened:
    """Returns a photo of a format of which TensorFlow decodes the whole, never a part."""

    def cut(view: tf.Tensor) -> tf.Tensor:
        return tf.slice(decode(), [view[0], view[1], 0], [view[2], view[3], 3])

    return _Opened(size, orientation, tf.constant(True), cut)
