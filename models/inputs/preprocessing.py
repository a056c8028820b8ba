"""Preprocessing: from the bytes of a picture and a view to the pixels that the model sees.

Training and evaluation call ``preprocess``; they differ only in how they choose the view. The
servable decodes and resizes by the same functions, after what callers send was checked and with
the EXIF orientation applied: see ``models.inputs.photo``. Here pictures are taken as stored, for
the ingest's crops are upright and small.

Random crops and flips are in ``models.inputs.augmentation``.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models.inputs import bmp
from schemas import features

PICTURE_SPEC = {
    features.IMAGE: tf.io.FixedLenFeature([], tf.string),
    features.WINDOW: tf.io.FixedLenFeature([4], tf.int64),
}
"""Features of an Example from which the network's input is made, for TensorFlow's parsers."""

ViewChooser = Callable[[tf.Tensor], tf.Tensor]
"""Maps a picture's size, int64[2] (height, width), to a view, int64[4] (y, x, height, width),
in pixels of the picture as stored. An empty view means that there is none."""

# libjpeg's accurate transform gives the pixels that Pillow gives, to the bit. The fast one,
# TensorFlow's default, is 1 level off on average and gains nothing on 256-pixel crops.
_DCT = "INTEGER_ACCURATE"
_FAR = 2**40
"""Pixels, beyond any picture's side; twice as many are exact in 64 bits, also as floats."""
_WIDE, _WIDE_COLUMNS = 16, 8192
"""Columns per row, and columns, above which a picture is scaled along its columns first."""


class Preprocessed(NamedTuple):
    """One picture as the model sees it.

    Attributes:
      pixels: uint8[resolution, resolution, 3], RGB, 0..255; zeros where not ``inside``.
      inside: bool[], whether the chosen view is not empty and lies within the picture.
    """

    pixels: tf.Tensor
    inside: tf.Tensor


def preprocess(encoded: tf.Tensor, choose_view: ViewChooser, resolution: int) -> Preprocessed:
    """Decodes a picture, cuts the view out and resizes it to a square.

    Of a JPEG only the view is decoded, so a JPEG that breaks off below its view is used.
    The resize is the antialiased triangle filter, which is Pillow's ``BILINEAR``; a view of
    just the right size is not resized. Grey, palette and CMYK pictures become RGB, alpha is
    dropped, 16 bits become 8. The result stays in whole levels: a quarter of the memory of
    floats, and the network casts it.

    Args:
      encoded: string[], JPEG, PNG, GIF (first frame) or BMP.
      choose_view: see ``ViewChooser``.
      resolution: side of the result, pixels.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on bytes that are no such picture or break off.

    Example:
      >>> encoded = tf.io.encode_png(tf.fill([40, 60, 3], tf.constant(200, tf.uint8)))
      >>> pixels, inside = preprocess(encoded, whole_picture, resolution=32)
      >>> pixels.shape, int(pixels[0, 0, 0]), bool(inside)
      (TensorShape([32, 32, 3]), 200, True)
    """
    pixels, inside = tf.cond(
        tf.io.is_jpeg(encoded),
        lambda: _preprocess_jpeg(encoded, choose_view, resolution),
        lambda: _preprocess_other(encoded, choose_view, resolution),
    )
    return Preprocessed(tf.ensure_shape(pixels, [resolution, resolution, 3]), inside)


def whole_picture(size: tf.Tensor) -> tf.Tensor:
    """Chooses the whole picture (a ``ViewChooser``)."""
    return tf.concat([tf.zeros([2], tf.int64), size], axis=0)


def clip_box(box: tf.Tensor, overhang: float | tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns the part of a box that lies within the picture.

    The result equals that of ``dataset.boxes.clip_box``. Of an empty box, and of one of which more
    lies outside than allowed, it is the empty box (0, 0, 0, 0).

    Args:
      box: int64[4], (y, x, height, width), any values.
      overhang: share of a side that may lie outside, 0 to 0.5; a tensor is float64[].
      size: int64[2], the picture's height and width.
    """
    # So that no sum overflows: what is cut here lies outside even so.
    box = tf.clip_by_value(box, -_FAR, _FAR)
    corner, sides = box[:2], box[2:]
    begin, end = tf.maximum(corner, 0), tf.minimum(corner + sides, size)
    allowed = tf.cast(tf.cast(sides, tf.float64) * overhang + 0.5, tf.int64)
    fits = (sides > 0) & (end > begin) & (sides - (end - begin) <= allowed)
    return tf.where(tf.reduce_all(fits), tf.concat([begin, end - begin], axis=0), 0)


def view_of(box: tf.Tensor, margin: float | tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns the box widened by ``margin``, cut at the edges.

    The result equals that of ``dataset.boxes.view_of``. A box that is empty or reaches past the
    picture gives the empty view (0, 0, 0, 0).

    Args:
      box: int64[4], (y, x, height, width), pixels.
      margin: share of the box's side that is added on each side, >= 0; a tensor is float64[].
      size: int64[2], the picture's height and width.
    """
    corner, sides = box[:2], box[2:]
    # Python's floats are 64 bits wide; with 32 some sides would round the other way.
    extra = tf.cast(tf.cast(sides, tf.float64) * margin + 0.5, tf.int64)
    begin = tf.maximum(corner - extra, 0)
    end = tf.minimum(corner + sides + extra, size)
    return tf.where(lies_within(box, size), tf.concat([begin, end - begin], axis=0), 0)


def lies_within(box: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns bool[]: whether ``box`` is not empty and lies within a picture of ``size``.

    Args:
      box: int64[4], (y, x, height, width), any value.
      size: int64[2], (height, width).
    """
    corner, sides = box[:2], box[2:]
    # No sum here can overflow: y + height may pass the int64 range, size - max(y, 0) cannot.
    fits = (corner >= 0) & (sides > 0) & (corner <= size) & (sides <= size - tf.maximum(corner, 0))
    return tf.reduce_all(fits)


def _preprocess_jpeg(encoded: tf.Tensor, choose_view: ViewChooser, resolution: int) -> Preprocessed:
    size = tf.io.extract_jpeg_shape(encoded, output_type=tf.int64)[:2]

    return _preprocess_view(
        choose_view(size), size, lambda view: cut_jpeg(encoded, view), resolution
    )


def _preprocess_other(
    encoded: tf.Tensor, choose_view: ViewChooser, resolution: int
) -> Preprocessed:
    picture = decode_other(encoded)
    size = tf.shape(picture, out_type=tf.int64)[:2]
    return _preprocess_view(
        choose_view(size),
        size,
        lambda view: tf.slice(picture, [view[0], view[1], 0], [view[2], view[3], 3]),
        resolution,
    )


def _preprocess_view(
    view: tf.Tensor, size: tf.Tensor, cut: Callable[[tf.Tensor], tf.Tensor], resolution: int
) -> Preprocessed:
    inside = lies_within(view, size)
    square = [resolution, resolution]
    pixels = tf.cond(
        inside,
        lambda: resize(cut(view), resolution),
        lambda: tf.zeros([*square, 3], tf.uint8),
    )
    return Preprocessed(pixels, inside)


def cut_jpeg(encoded: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """Decodes a part of a JPEG.

    Args:
      encoded: string[], a JPEG.
      view: int64[4], (y, x, height, width), within the picture.

    Returns:
      uint8[height, width, 3], RGB.
    """
    return tf.image.decode_and_crop_jpeg(
        encoded, tf.cast(view, tf.int32), channels=3, dct_method=_DCT
    )


def decode_other(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a PNG, a GIF (first frame) or a BMP, string[], to uint8[height, width, 3], RGB."""
    return tf.cond(
        bmp.has_palette(encoded),
        lambda: bmp.decode_palette(encoded),
        lambda: tf.io.decode_image(encoded, channels=3, expand_animations=False),
    )


def resize(picture: tf.Tensor, resolution: int | tf.Tensor) -> tf.Tensor:
    """Resizes uint8[h, w, 3] to uint8[resolution, resolution, 3]; a tensor is int32[]."""
    height, width = tf.unstack(tf.shape(picture)[:2])
    return tf.case(
        [
            (tf.equal(height, resolution) & tf.equal(width, resolution), lambda: picture),
            # TensorFlow scales the rows first, to floats: of 1 x 65,535 pixels it makes 176 MB.
            (
                width > tf.maximum(_WIDE * height, _WIDE_COLUMNS),
                lambda: _with_axes_swapped(_scale(_with_axes_swapped(picture), resolution)),
            ),
        ],
        default=lambda: _scale(picture, resolution),
    )


def _scale(picture: tf.Tensor, resolution: int | tf.Tensor) -> tf.Tensor:
    resized = tf.image.resize(picture, [resolution, resolution], antialias=True)
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def _with_axes_swapped(picture: tf.Tensor) -> tf.Tensor:
    return tf.transpose(picture, [1, 0, 2])
