"""Fields in the bytes of a file, read by TensorFlow's operations."""

import tensorflow as tf


def read_number(encoded: tf.Tensor, offset: int | tf.Tensor, size: int, order: str) -> tf.Tensor:
    """Returns int64[]: an unsigned number.

    Args:
      encoded: string[], any bytes.
      offset: of the field, bytes from the beginning.
      size: of the field, bytes, at most 7.
      order: "little" or "big".

    Raises:
      tf.errors.InvalidArgumentError: when it runs on bytes that break off before the field's end.
    """
    field = tf.io.decode_raw(part_of(encoded, offset, size), tf.uint8)
    return number_of(tf.ensure_shape(field, [size]), order)


def number_of(field: tf.Tensor, order: str) -> tf.Tensor:
    """Returns int64[...]: the unsigned numbers in the last axis.

    Args:
      field: integers of any type, [..., size], bytes of 0..255; size is known and at most 7.
      order: "little" or "big".
    """
    size = field.shape[-1]
    weights = [256**place for place in range(size)]
    if order == "big":
        weights.reverse()
    return tf.reduce_sum(tf.cast(field, tf.int64) * tf.constant(weights, tf.int64), axis=-1)


def part_of(encoded: tf.Tensor, offset: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """Returns string[]: the bytes from an offset, fewer than ``length`` at the end of all bytes.

    Args:
      encoded: string[], any bytes.
      offset: integer; one outside of the bytes is moved to the nearest edge.
      length: integer; below 0 it is 0.
    """
    begin = tf.clip_by_value(
        tf.cast(offset, tf.int64), 0, tf.cast(tf.strings.length(encoded), tf.int64)
    )
    return tf.strings.substr(encoded, begin, tf.maximum(tf.cast(length, tf.int64), 0))


def split_at(encoded: tf.Tensor, separator: bytes, at_most: int) -> tf.Tensor:
    """Returns string[n]: the pieces around the first ``at_most`` occurrences of a separator.

    One search through the bytes, some 2 GB/s; ``tf.strings.split`` does the same with more
    operations around it.

    Args:
      encoded: string[], any bytes.
      separator: not empty.
      at_most: number of cuts, so that n is at most one more.
    """
    return tf.raw_ops.StringSplitV2(
        input=encoded[tf.newaxis], sep=separator, maxsplit=at_most
    ).values


def starts_with(encoded: tf.Tensor, magic: bytes) -> tf.Tensor:
    """Returns bool[]: whether the bytes begin with ``magic``."""
    return tf.equal(tf.strings.substr(encoded, 0, len(magic)), magic)


def require(condition: tf.Tensor, rule: str, value: tf.Tensor) -> tf.Tensor:
    """Returns ``value``, and fails when it runs where the condition does not hold.

    Args:
      condition: bool[].
      rule: what must hold, for the error.
      value: of any type and shape.

    Raises:
      tf.errors.InvalidArgumentError: when it runs and the condition is false.
    """
    with tf.control_dependencies([tf.debugging.Assert(condition, [rule])]):
        return tf.identity(value)
