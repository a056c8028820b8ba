"""A second look at the photo around each place, where the animal is larger and its box finer.

The locator sees a whole photo small: of an animal that fills a fifth of a side, a cell of the map
is half. Looking again, by the same network, costs one more forward pass.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs import preprocessing
from models.location import decoding

MARGIN = 0.5
"""What is seen beyond the first box on each side, as a share of its side: what a box that is too
small cut off is there again."""

Predict = Callable[[npt.NDArray[np.uint8]], tf.Tensor]
"""From pictures to maps, see ``models.location.network``."""


def in_photo(places: tf.Tensor, boxes: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Returns places in photos, float32[n, 4], as shares of their sides.

    Args:
      places: float32[n, 4], (top, left, bottom, right) as shares of the sides of the second looks.
      boxes: int64[n, 4], (y, x, height, width), the first boxes.
      sizes: int64[n, 2], height and width of the photos.
    """
    views = tf.map_fn(
        lambda each: preprocessing.view_of(each[0], MARGIN, each[1]),
        (boxes, sizes),
        fn_output_signature=tf.TensorSpec([4], tf.int64),
    )
    views, ends = tf.cast(views, tf.float32), tf.cast(tf.tile(sizes, [1, 2]), tf.float32)
    return (tf.tile(views[:, :2], [1, 2]) + places * tf.tile(views[:, 2:], [1, 2])) / ends


def taken(
    predict: Predict, jpegs: Sequence[tf.Tensor], places: tf.Tensor, resolution: int
) -> tf.Tensor:
    """Returns the places of a second look at stored frames, float32[n, 4], as shares of the sides.

    The servable does the same with photos: ``models.servable.finding``.

    Args:
      predict: the locator.
      jpegs: string[] each, n >= 1.
      places: float32[n, 4], of the first look.
      resolution: side of the pictures that the locator sees.
    """
    sizes = tf.stack([tf.io.extract_jpeg_shape(jpeg, tf.int64)[:2] for jpeg in jpegs])
    boxes = decoding.pixel_boxes(places, sizes)
    pixels = []
    for jpeg, box, size in zip(jpegs, boxes, sizes, strict=True):
        view = preprocessing.view_of(box, MARGIN, size)
        cut = preprocessing.cut_jpeg(jpeg, view)
        pixels.append(preprocessing.resize(cut, resolution).numpy())
    seen = decoding.peaks(predict(np.stack(pixels))).boxes[:, 0]
    return in_photo(seen, boxes, sizes)
