"""BMP pictures with a palette, which TensorFlow decodes to the palette's indices as if grey.

Layout: Microsoft, "Bitmap Storage", BITMAPFILEHEADER and BITMAPINFOHEADER; all little-endian.
"""

import tensorflow as tf

_FILE_HEADER = 14
_BITS_PER_PIXEL = 28


def has_palette(encoded: tf.Tensor) -> tf.Tensor:
    """Returns bool[]: whether the bytes are a BMP with 8 bits a pixel (string[] in)."""
    is_bmp = tf.strings.regex_full_match(tf.strings.substr(encoded, 0, 2), "BM")
    long_enough = tf.strings.length(encoded) > _BITS_PER_PIXEL + 2
    return tf.cond(
        is_bmp & long_enough,
        lambda: tf.equal(_number(encoded, _BITS_PER_PIXEL, tf.uint16), 8),
        lambda: tf.constant(False),
    )


def decode_palette(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP with 8 bits a pixel.

    Args:
      encoded: string[], for which ``has_palette`` holds.

    Returns:
      uint8[height, width, 3], RGB.

    Raises:
      tf.errors.InvalidArgumentError: when run on bytes that break off, are compressed, or
        use a colour that the palette has not.
    """
    begin = _FILE_HEADER + _number(encoded, _FILE_HEADER, tf.int32)
    end = _number(encoded, 10, tf.int32)
    entries = tf.io.decode_raw(tf.strings.substr(encoded, begin, end - begin), tf.uint8)
    palette = tf.reshape(entries, [-1, 4])[:, 2::-1]  # Stored as blue, green, red, unused.
    indices = tf.cast(tf.io.decode_bmp(encoded)[..., 0], tf.int32)
    in_palette = tf.reduce_max(indices) < tf.shape(palette)[0]
    with tf.control_dependencies([tf.debugging.Assert(in_palette, ["colour not in palette"])]):
        return tf.gather(palette, indices)


def _number(encoded: tf.Tensor, offset: int, dtype: tf.DType) -> tf.Tensor:
    field = tf.io.decode_raw(tf.strings.substr(encoded, offset, dtype.size), dtype)
    return tf.cast(field[0], tf.int32)
