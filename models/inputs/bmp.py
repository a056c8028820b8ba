"""BMP pictures with a palette: TensorFlow decodes them to the palette's indices, as if grey.

Layout: Microsoft, "Bitmap Storage", BITMAPFILEHEADER and BITMAPINFOHEADER; all little-endian.
"""

import tensorflow as tf

from models.inputs.byte_fields import starts_with

MAGIC = b"BM"
_FILE_HEADER = 14
"""Length of the file header; the info header follows and begins with its own length."""
_PIXELS_OFFSET = 10
"""Offset of the field bfOffBits: the byte at which the pixels begin."""
_WIDTH, _HEIGHT = 18, 22
"""Offsets of the fields biWidth and biHeight, signed; the height of a picture whose first row is at
the top is below 0."""
_BITS_PER_PIXEL = 28
"""Offset of the field biBitCount."""


def has_palette(encoded: tf.Tensor) -> tf.Tensor:
    """Returns bool[]: whether the bytes are a BMP with 8 bits a pixel.

    Args:
      encoded: string[], any bytes.
    """
    is_bmp = starts_with(encoded, MAGIC)
    is_long_enough = tf.strings.length(encoded) > _BITS_PER_PIXEL + 2
    return tf.cond(
        is_bmp & is_long_enough,
        lambda: tf.equal(_read_number(encoded, _BITS_PER_PIXEL, tf.uint16), 8),
        lambda: tf.constant(False),
    )


def size_of(encoded: tf.Tensor) -> tf.Tensor:
    """Returns int64[2], (height, width) as the header says them.

    Args:
      encoded: string[], beginning with ``MAGIC``.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on bytes that break off before them.
    """
    fields = [_read_number(encoded, offset, tf.int32) for offset in (_HEIGHT, _WIDTH)]
    return tf.abs(tf.cast(tf.stack(fields), tf.int64))


def decode_palette(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP with 8 bits a pixel.

    Args:
      encoded: string[], for which ``has_palette`` holds.

    Returns:
      uint8[height, width, 3], RGB.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on bytes that break off, that are compressed,
        or that use a colour that is not in the palette.
    """
    begin = _FILE_HEADER + _read_number(encoded, _FILE_HEADER, tf.int32)
    end = _read_number(encoded, _PIXELS_OFFSET, tf.int32)
    entries = tf.io.decode_raw(tf.strings.substr(encoded, begin, end - begin), tf.uint8)
    palette = tf.reshape(entries, [-1, 4])[:, 2::-1]  # Stored as blue, green, red, unused.
    indices = tf.cast(tf.io.decode_bmp(encoded)[..., 0], tf.int32)
    in_palette = tf.reduce_max(indices) < tf.shape(palette)[0]
    with tf.control_dependencies([tf.debugging.Assert(in_palette, ["colour not in palette"])]):
        return tf.gather(palette, indices)


def _read_number(encoded: tf.Tensor, offset: int, dtype: tf.DType) -> tf.Tensor:
    field = tf.io.decode_raw(tf.strings.substr(encoded, offset, dtype.size), dtype)
    return tf.cast(field[0], tf.int32)
