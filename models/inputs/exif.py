"""EXIF orientation in TensorFlow: read from a picture's bytes, and applied to boxes and pixels.

It counts as in browsers and as ``dataset.photos`` reads it, to which a test holds it equal: a SHORT
with one value in the first directory of the first Exif segment. XMP is not looked at.

Formats: JEITA CP-3451 (Exif 2.3), sections 4.5 and 4.6.
"""

import tensorflow as tf

from models.inputs import jpeg
from models.inputs.autograph import apart
from models.inputs.byte_fields import number_of, part_of, split_at, starts_with

UPRIGHT = 1
"""The orientation of a picture that is shown as it is stored; also that of one without EXIF."""

_TAG, _SHORT = 0x0112, 3
_ENTRY = 12
"""Bytes of an entry of a directory: tag, type, count, value."""
_HEADER = 8
"""Bytes of a TIFF structure's header: byte order and the first directory's offset."""
_IDENTIFIER = b"Exif\0"
_TIFF_OFFSET = 10
"""Of the TIFF structure, from the segment's marker: marker, length, identifier, padding."""

# From stored to upright: mirror the rows, mirror the columns, then swap the axes.
_ROWS_MIRRORED = (False, False, False, True, True, False, True, True, False)
_COLUMNS_MIRRORED = (False, False, True, True, False, False, False, True, True)
_FIRST_ON_ITS_SIDE = 5
"""Orientations from this one on swap the axes."""


def jpeg_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Returns int32[]: the orientation 1..8 of a JPEG, 1 where there is none that counts.

    Args:
      encoded: string[], a JPEG.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on a JPEG with more than
        ``jpeg.MAX_SEGMENTS`` segments before its first scan.
    """
    # The walk through the segments takes longer than this search, and most pictures that have
    # been edited or written by a program have no EXIF.
    may_have_exif = tf.size(split_at(encoded, _IDENTIFIER, 1)) > 1
    return tf.cond(
        may_have_exif, lambda: _segment_orientation(encoded), lambda: tf.constant(UPRIGHT)
    )


def tiff_orientation(exif: tf.Tensor) -> tf.Tensor:
    """Returns int32[]: the orientation 1..8 in the first directory of a TIFF structure, or 1.

    Args:
      exif: string[], any bytes.
    """
    content = tf.io.decode_raw(exif, tf.uint8)
    is_long_enough = tf.size(content) >= _HEADER
    return tf.case(
        [
            (
                is_long_enough & starts_with(exif, b"II*\0"),
                lambda: _directory_orientation(content, "little"),
            ),
            (
                is_long_enough & starts_with(exif, b"MM\0*"),
                lambda: _directory_orientation(content, "big"),
            ),
        ],
        default=lambda: tf.constant(UPRIGHT),
    )


def upright_size(size: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns int64[2]: (height, width) of the upright picture.

    Args:
      size: int64[2], of the stored picture.
      orientation: int32[], 1..8.
    """
    return tf.where(orientation >= _FIRST_ON_ITS_SIDE, size[::-1], size)


def stored_box(box: tf.Tensor, size: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns int64[4]: the stored pixels that a box on the upright picture covers.

    Args:
      box: int64[4], (y, x, height, width), within the upright picture.
      size: int64[2], (height, width) of the stored picture.
      orientation: int32[], 1..8.
    """
    on_its_side = orientation >= _FIRST_ON_ITS_SIDE
    corner = tf.where(on_its_side, box[1::-1], box[:2])
    sides = tf.where(on_its_side, box[:1:-1], box[2:])
    is_mirrored = tf.stack(
        [tf.gather(_ROWS_MIRRORED, orientation), tf.gather(_COLUMNS_MIRRORED, orientation)]
    )
    return tf.concat([tf.where(is_mirrored, size - corner - sides, corner), sides], axis=0)


def upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns the stored pixels turned upright.

    Args:
      pixels: uint8[height, width, 3].
      orientation: int32[], 1..8.
    """
    return tf.cond(
        tf.equal(orientation, UPRIGHT), lambda: pixels, lambda: _turned(pixels, orientation)
    )


@apart
def _turned(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    rows_mirrored = tf.gather(_ROWS_MIRRORED, orientation)
    columns_mirrored = tf.gather(_COLUMNS_MIRRORED, orientation)
    rows = tf.cond(rows_mirrored, lambda: tf.reverse(pixels, [0]), lambda: pixels)
    both = tf.cond(columns_mirrored, lambda: tf.reverse(rows, [1]), lambda: rows)
    return tf.cond(
        orientation >= _FIRST_ON_ITS_SIDE, lambda: tf.transpose(both, [1, 0, 2]), lambda: both
    )


@apart
def _segment_orientation(encoded: tf.Tensor) -> tf.Tensor:
    segment = jpeg.find_segment(encoded, _is_exif)
    exif = part_of(encoded, segment.offset + _TIFF_OFFSET, segment.length - (_TIFF_OFFSET - 2))
    return tf.cond(
        segment.offset >= 0, lambda: tiff_orientation(exif), lambda: tf.constant(UPRIGHT)
    )


def _is_exif(marker: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    return tf.equal(marker, jpeg.APP1) & tf.reduce_all(
        tf.equal(content[: len(_IDENTIFIER)], list(_IDENTIFIER))
    )


def _directory_orientation(content: tf.Tensor, order: str) -> tf.Tensor:
    """Returns int32[]: the orientation in the first directory.

    Args:
      content: uint8[n], n >= ``_HEADER``, a TIFF structure.
      order: of its bytes.
    """
    size = tf.size(content, tf.int64)
    begin = number_of(tf.ensure_shape(content[4:_HEADER], [4]), order)

    def from_entries() -> tf.Tensor:
        named = number_of(tf.ensure_shape(content[begin : begin + 2], [2]), order)
        count = tf.minimum(named, (size - begin - 2) // _ENTRY)
        entries = tf.reshape(content[begin + 2 : begin + 2 + _ENTRY * count], [-1, _ENTRY])
        matches = (
            tf.equal(number_of(entries[:, :2], order), _TAG)
            & tf.equal(number_of(entries[:, 2:4], order), _SHORT)
            & tf.equal(number_of(entries[:, 4:8], order), 1)
        )
        values = tf.boolean_mask(number_of(entries[:, 8:10], order), matches)
        first = tf.concat([values, [UPRIGHT]], axis=0)[0]
        return tf.cast(tf.where((first >= 1) & (first <= 8), first, UPRIGHT), tf.int32)

    return tf.cond(begin + 2 <= size, from_entries, lambda: tf.constant(UPRIGHT))
