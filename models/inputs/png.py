"""PNG files: the size, the EXIF, and a file without what stands beside the pixels.

libpng unpacks texts, which are not needed: one of 8 KB takes it 60 ms. And it unpacks all data of
a picture, also what is too much for its pixels: 1 MB can stand for 1 GB and takes 2.5 s.

Format: PNG (third edition), https://www.w3.org/TR/png-3/, sections 5 and 11.
"""

from typing import NamedTuple

import tensorflow as tf

from models.inputs.byte_fields import number_of, part_of, read_number, require

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 384
"""Chunks up to the last one with pixels, where a run of equally long ones counts as one to each
``_RUN``. Each takes some 80 microseconds to walk through."""

_FRAME = 12
"""Bytes of a chunk around its content: length, kind and checksum."""
_CHUNKS = len(MAGIC) + _FRAME + 13
"""Offset of the first chunk behind the header IHDR."""
_RUN = 64
"""Chunks of equal length that a step of the walk passes at most."""
_CHANNELS = (1, 0, 3, 1, 2, 0, 4)
"""By IHDR's colour type; a pixel of a palette is one index."""
_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
_ROOM = 4096
"""Bytes that packing may add to the pixels' bytes, besides a quarter of them."""
_NONE = tf.int64.min


class Png(NamedTuple):
    """A PNG that was walked through.

    Attributes:
      decodable: string[], header, palette and pixels alone.
      exif: string[], the content of the chunk eXIf before the pixels; empty if there is none.
    """

    decodable: tf.Tensor
    exif: tf.Tensor


def size_of(encoded: tf.Tensor) -> tf.Tensor:
    """Returns int64[2], (height, width) as IHDR says it.

    Args:
      encoded: string[], beginning with ``MAGIC``.

    Raises:
      tf.errors.InvalidArgumentError: when it runs and the first chunk is no IHDR.
    """
    is_header = tf.equal(part_of(encoded, 8, 8), b"\0\0\0\x0dIHDR")
    width, height = (read_number(encoded, offset, 4, "big") for offset in (16, 20))
    return require(is_header, "A PNG begins with IHDR.", tf.stack([height, width]))


def opened(encoded: tf.Tensor, size: tf.Tensor) -> Png:
    """Walks through the chunks up to the last one with pixels.

    Args:
      encoded: string[], for which ``size_of`` holds; less than 2 GiB.
      size: of ``size_of``.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on a PNG without pixels, with more than
        ``MAX_CHUNKS`` chunks, or with more data than its pixels need.
    """
    content = tf.io.decode_raw(encoded, tf.uint8)
    total = tf.size(content, tf.int64)

    def goes_on(at: tf.Tensor, is_over: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return ~is_over & (at + 8 <= total)

    def step(
        at: tf.Tensor, _over: tf.Tensor, palette: tf.Tensor, exif: tf.Tensor, pixels: tf.Tensor,
        data: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:  # fmt: skip
        first = content[at : at + 8]
        length = number_of(tf.ensure_shape(first[:4], [4]), "big")
        # How many chunks of just this length and kind follow one another.
        begins = at + (length + _FRAME) * tf.range(_RUN, dtype=tf.int64)
        fields = tf.minimum(begins[:, tf.newaxis] + tf.range(8, dtype=tf.int64), total - 1)
        differs = tf.reduce_any(tf.not_equal(tf.gather(content, fields), first), axis=1) | (
            begins + 8 > total
        )
        run = tf.argmax(tf.concat([differs, [True]], axis=0))
        after = at + run * (length + _FRAME)

        def is_kind(kind: bytes) -> tf.Tensor:
            return tf.reduce_all(tf.equal(first[4:], list(kind)))

        def first_of(kind: bytes, found: tf.Tensor) -> tf.Tensor:
            new = is_kind(kind) & tf.equal(found[0], _NONE)
            return tf.where(new, tf.stack([at, length]), found)

        is_data = is_kind(b"IDAT")
        has_begun = tf.not_equal(pixels[0], _NONE)
        begin = tf.where(is_data & ~has_begun, at, pixels[0])
        return (
            after,
            has_begun & ~is_data,
            tf.where(has_begun, palette, first_of(b"PLTE", palette)),
            tf.where(has_begun, exif, first_of(b"eXIf", exif)),
            tf.stack([begin, tf.where(is_data, after, pixels[1])]),
            data + tf.where(is_data, run * length, 0),
        )

    none = tf.constant([_NONE, 0], tf.int64)
    begin = tf.constant(_CHUNKS, tf.int64)
    state = (begin, tf.constant(False), none, none, none, tf.constant(0, tf.int64))
    state = tf.while_loop(
        goes_on, step, state, maximum_iterations=MAX_CHUNKS, parallel_iterations=1
    )
    _, _, palette, exif, pixels, data = state
    is_usable = (
        ~goes_on(*state) & tf.not_equal(pixels[0], _NONE) & (data <= _most_data(encoded, size))
    )
    rule = f"A PNG has pixels, at most {MAX_CHUNKS} chunks, and no more data than pixels."
    begin, end = tf.unstack(require(is_usable, rule, pixels))

    has_palette = tf.not_equal(palette[0], _NONE)
    decodable = tf.strings.join(
        [
            part_of(encoded, 0, _CHUNKS),
            part_of(encoded, palette[0], tf.where(has_palette, palette[1] + _FRAME, 0)),
            part_of(encoded, begin, end - begin),
            _END,
        ]
    )
    return Png(decodable, part_of(encoded, exif[0] + 8, exif[1]))


def _most_data(encoded: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns int64[]: bytes that the packed pixels can have."""
    depth, colour, _, _, interlace = tf.unstack(
        tf.cast(tf.io.decode_raw(part_of(encoded, 24, 5), tf.uint8)[:5], tf.int64), num=5
    )
    channels = tf.gather(tf.constant(_CHANNELS, tf.int64), tf.minimum(colour, 6))
    row = 1 + (size[1] * depth * channels + 7) // 8
    plain = size[0] * row
    # The seven passes of Adam7 have at most twice the rows, each with a byte for its filter.
    most = plain + plain // 4 + _ROOM
    return tf.where(interlace > 0, 2 * most, most)
