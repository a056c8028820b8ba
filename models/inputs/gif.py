"""GIF files: the first frame alone.

TensorFlow has giflib read all frames and extensions before it looks at the first: a frame of
16 million pixels can have a few KB, and an extension takes 25 times its bytes.

Format: CompuServe, "Graphics Interchange Format, version 89a" (1990).
"""

from typing import NamedTuple

import tensorflow as tf

from models.inputs.byte_fields import number_of, part_of, read_number, require

MAGIC = b"GIF8"
MAX_STEPS = 512
"""Steps of the walk to the end of the first frame, some 50 microseconds each: an extension, or a
run of equally long blocks, where ``_RUN`` count as one. Encoders write blocks of 255 bytes, so that
1 MB takes 4 steps."""

_SCREEN = 13
"""Bytes of the header and of the logical screen, before the global palette."""
_DESCRIPTOR = 10
"""Bytes of an image descriptor: introducer, left, top, width, height, flags."""
_IMAGE, _EXTENSION = 0x2C, 0x21
_TRAILER = b";"
_RUN = 1024
"""Blocks of equal length that a step of the walk passes at most."""


class Gif(NamedTuple):
    """A GIF's first frame.

    Attributes:
      decodable: string[], a GIF of this frame alone, which fills its screen.
      corner: int64[2], (y, x) of the frame on the screen.
      size: int64[2], (height, width) of the screen, widened to what the frame covers.
    """

    decodable: tf.Tensor
    corner: tf.Tensor
    size: tf.Tensor


def screen_of(encoded: tf.Tensor) -> tf.Tensor:
    """Returns int64[2], (height, width) of the logical screen.

    Args:
      encoded: string[], beginning with ``MAGIC``.
    """
    return tf.stack([read_number(encoded, offset, 2, "little") for offset in (8, 6)])


def first_frame(encoded: tf.Tensor) -> Gif:
    """Cuts out the first frame.

    Args:
      encoded: string[], beginning with ``MAGIC``; less than 2 GiB.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on a GIF whose first frame does not end, or
        whose end takes more than ``MAX_STEPS`` steps to find.
    """
    content = tf.io.decode_raw(encoded, tf.uint8)
    total = tf.size(content, tf.int64)
    begin = _SCREEN + _palette_bytes(read_number(encoded, 10, 1, "little"))

    def goes_on(at: tf.Tensor, is_over: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return ~is_over & (at < total)

    def step(
        at: tf.Tensor, _over: tf.Tensor, frame: tf.Tensor, in_blocks: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        byte = tf.cast(content[at], tf.int64)
        blocks = at + (byte + 1) * tf.range(_RUN, dtype=tf.int64)
        lengths = tf.cast(tf.gather(content, tf.minimum(blocks, total - 1)), tf.int64)
        differs = tf.not_equal(lengths, byte) | (blocks >= total)
        run = tf.argmax(tf.concat([differs, [True]], axis=0))
        past_blocks = at + tf.where(tf.equal(byte, 0), byte + 1, run * (byte + 1))

        is_image, is_extension = tf.equal(byte, _IMAGE), tf.equal(byte, _EXTENSION)
        flags = tf.cast(content[tf.minimum(at + _DESCRIPTOR - 1, total - 1)], tf.int64)
        # The bytes before the blocks: a code size of an image, a label of an extension.
        past_image = at + _DESCRIPTOR + _palette_bytes(flags) + 1
        past_record = tf.where(is_image, past_image, at + 2)
        is_end = in_blocks & tf.equal(byte, 0)
        return (
            tf.where(in_blocks, past_blocks, past_record),
            tf.where(in_blocks, is_end & (frame >= 0), ~is_image & ~is_extension),
            tf.where(~in_blocks & is_image, at, frame),
            tf.where(in_blocks, ~is_end, is_image | is_extension),
        )

    state = (begin, tf.constant(False), tf.constant(-1, tf.int64), tf.constant(False))
    state = tf.while_loop(goes_on, step, state, maximum_iterations=MAX_STEPS, parallel_iterations=1)
    end, is_over, frame, _ = state
    rule = f"The first frame of a GIF ends, within {MAX_STEPS} steps."
    frame = require(is_over & (frame >= 0) & (end <= total), rule, frame)

    descriptor = tf.ensure_shape(content[frame : frame + _DESCRIPTOR], [_DESCRIPTOR])
    fields = number_of(tf.reshape(descriptor[1:9], [4, 2]), "little")
    corner, sides = fields[1::-1], fields[:1:-1]
    size_field = part_of(encoded, frame + 5, 4)
    decodable = tf.strings.join(
        [
            part_of(encoded, 0, 6),
            size_field,
            part_of(encoded, 10, begin - 10),
            b",\0\0\0\0",
            size_field,
            part_of(encoded, frame + 9, end - frame - 9),
            _TRAILER,
        ]
    )
    return Gif(decodable, corner, tf.maximum(screen_of(encoded), corner + sides))


def on_screen(frame: tf.Tensor, gif: Gif) -> tf.Tensor:
    """Returns the screen, uint8[height, width, 3], black where the frame is not.

    Args:
      frame: uint8[h, w, 3], the decoded frame.
      gif: that it is of.
    """
    size = tf.shape(frame, tf.int64)[:2]

    def padded() -> tf.Tensor:
        around = tf.stack([gif.corner, gif.size - gif.corner - size], axis=1)
        return tf.pad(frame, tf.concat([around, [[0, 0]]], axis=0))

    return tf.cond(tf.reduce_all(tf.equal(size, gif.size)), lambda: frame, padded)


def _palette_bytes(flags: tf.Tensor) -> tf.Tensor:
    """Returns int64[]: bytes of the palette that a flags byte, int64[], announces."""
    length = tf.bitwise.left_shift(tf.constant(6, tf.int64), flags % 8)
    return tf.where(flags >= 128, length, tf.zeros_like(length))
