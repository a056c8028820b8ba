"""What is asked of a photo, and what becomes of it."""

import enum
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from schemas.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS


class Outcome(enum.IntEnum):
    """What became of a photo."""

    UNREADABLE = 0
    """It has no pixels. All else that cannot be read fails, and returns nothing."""
    BOX_OUTSIDE = 1
    TOO_LARGE = 2
    TOO_LARGE_FOR_PARALLEL = 3
    """It is within the limits, but was not decoded, because others are decoded at the same time."""
    OK = 4


class Source(enum.IntEnum):
    """Where a picture comes from, which says how its view is chosen."""

    WHOLE_PHOTO = 0
    """A photo of a caller; the view is all of it."""
    BOXED_PHOTO = 1
    """A photo of a caller with a box, which is clipped at the edges and widened by the margin."""
    EXAMPLE = 2
    """A crop of the ingest with its window. It is upright, and training ignores any EXIF in it."""


@dataclass(frozen=True)
class Limits:
    """Limits of a picture.

    Attributes:
      pixels: height times width, at most.
      bytes: of the file, at most.
    """

    pixels: int = MAX_IMAGE_PIXELS
    bytes: int = MAX_IMAGE_BYTES


class PreparedPhoto(NamedTuple):
    """One photo as the model sees it.

    Attributes:
      pixels: uint8[resolution, resolution, 3], RGB, 0..255; zeros unless the outcome is ``OK``.
      outcome: int32[], an ``Outcome``.
      box: int64[4], (y, x, height, width) in pixels of the upright photo: what was asked for, as
        far as it lies within the photo; zeros unless the outcome is ``OK``.
    """

    pixels: tf.Tensor
    outcome: tf.Tensor
    box: tf.Tensor
