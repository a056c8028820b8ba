"""Markers of a JPEG, and bounds for what decoding it costs.

Format: ISO/IEC 10918-1, annex B.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models.inputs.autograph import apart
from models.inputs.byte_fields import require, split_at

APP1 = 0xE1
MAX_SEGMENTS = 384
"""Segments before the first scan, runs of fill bytes included; each takes some 100 microseconds
to walk through. An ICC profile, the largest thing that cameras write, has at most 255."""
MAX_SCANS = 50
"""libjpeg goes over all blocks of the picture in every scan, however short the scan is: 58 ms for
64 million pixels. Encoders write 10 to 20. Skia, which decodes for Chromium, ends at 100."""

_SCAN, _END, _FILL = 0xDA, 0xD9, 0xFF
_LAST = (_SCAN, _END, 0x00)
"""0xFF 0x00 is no marker."""
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_SEQUENTIAL_FRAMES = (0xC0, 0xC1)
"""Baseline and extended sequential, both with Huffman codes."""
_FRAMES = tuple(code for code in range(0xC0, 0xD0) if code not in (0xC4, 0xC8, 0xCC))
_WINDOW = 64
"""Bytes that a step of the walk looks at."""

SegmentTest = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Maps a marker, int32[], and the beginning of the segment's content, int32[n] with -1 past its
end, to bool[]."""


class Segment(NamedTuple):
    """A segment of a JPEG.

    Attributes:
      offset: int32[], of the marker's first byte; -1 for none.
      length: int32[], as the segment says it, with the two bytes of the length itself.
      marker: int32[].
    """

    offset: tf.Tensor
    length: tf.Tensor
    marker: tf.Tensor


def find_segment(encoded: tf.Tensor, is_wanted: SegmentTest) -> Segment:
    """Returns the first wanted segment up to the first scan's header, which is the last looked at.

    Args:
      encoded: string[], a JPEG of less than 2 GiB.
      is_wanted: see ``SegmentTest``.

    Raises:
      tf.errors.InvalidArgumentError: when it runs on more than ``MAX_SEGMENTS`` segments.
    """
    size = tf.strings.length(encoded)

    def goes_on(at: tf.Tensor, is_over: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return ~is_over & (at + 4 <= size)

    def step(
        at: tf.Tensor, _over: tf.Tensor, found: tf.Tensor, _length: tf.Tensor, _marker: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        window = tf.io.decode_raw(tf.strings.substr(encoded, at, _WINDOW), tf.uint8)
        window = tf.cast(window, tf.int32)
        filled = tf.argmin(tf.pad(tf.cast(tf.equal(window, _FILL), tf.int32), [[0, 1]]))
        filled = tf.cast(filled, tf.int32)  # Leading bytes that are 0xFF.
        marker, length = window[1], 256 * window[2] + window[3]

        inside = tf.range(tf.size(window) - 4) < length - 2
        content = tf.pad(
            tf.where(inside, window[4:], -1), [[0, _WINDOW - tf.size(window)]], constant_values=-1
        )
        is_marker = tf.equal(filled, 1)
        has_length = is_marker & ~tf.reduce_any(tf.equal(marker, _WITHOUT_LENGTH))
        is_found = has_length & is_wanted(marker, content)
        # A decoder goes on behind bytes between segments; EXIF that stands behind them is not read.
        is_last = tf.equal(filled, 0) | (is_marker & tf.reduce_any(tf.equal(marker, _LAST)))
        step_length = tf.where(
            is_marker, tf.where(has_length, 2 + length, 2), tf.maximum(filled - 1, 0)
        )
        return (
            at + step_length,
            is_found | is_last,
            tf.where(is_found, at, found),
            length,
            marker,
        )

    none = tf.constant(-1)
    state = (tf.constant(2), tf.constant(False), none, none, none)
    state = tf.while_loop(
        goes_on, step, state, maximum_iterations=MAX_SEGMENTS, parallel_iterations=1
    )
    offset = require(~goes_on(*state), f"A JPEG has at most {MAX_SEGMENTS} segments.", state[2])
    return Segment(offset, state[3], state[4])


@apart
def is_streamed(encoded: tf.Tensor, components: tf.Tensor) -> tf.Tensor:
    """Returns bool[]: whether libjpeg decodes it row by row, without holding the whole picture.

    It holds all coefficients, 2 bytes each, of a JPEG that has more than one scan.

    Args:
      encoded: string[], a JPEG.
      components: int64[], its colour channels.
    """
    frame = find_segment(encoded, lambda marker, _: tf.reduce_any(tf.equal(marker, _FRAMES)))
    # The first byte of a scan's header counts the components in it.
    scan = find_segment(
        encoded,
        lambda marker, content: (
            tf.equal(marker, _SCAN) & tf.equal(content[0], tf.cast(components, tf.int32))
        ),
    )
    is_sequential = tf.reduce_any(tf.equal(frame.marker, _SEQUENTIAL_FRAMES))
    return (frame.offset >= 0) & is_sequential & (scan.offset >= 0)


def with_few_scans(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the JPEG, cut off where it has more than ``MAX_SCANS`` scans.

    The markers are counted in all bytes. So a sound JPEG followed by a video, as phones write
    them, may be cut too: behind its end, where nobody looks.

    Args:
      encoded: string[].
    """
    header = b"\xff\xda"
    pieces = split_at(encoded, header, MAX_SCANS + 1)
    return tf.cond(
        tf.size(pieces) > MAX_SCANS + 1,
        lambda: tf.strings.reduce_join(pieces[: MAX_SCANS + 1], separator=header),
        lambda: encoded,
    )
