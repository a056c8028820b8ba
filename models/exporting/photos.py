"""The servable's preprocessing, called photo by photo.

A signature of the servable makes a tf.data pipeline for each request, which takes some 15 ms of a
core. Here a thread calls the same function for each photo, and the pixels are the same.
"""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.boxes import PixelBox
from models.inputs.photo import PhotoPreprocessor
from models.inputs.prepared_photo import Limits, Outcome, PreparedPhoto, Source

_THREADS = min(16, os.cpu_count() or 1)


class Prepared(NamedTuple):
    """Photos as the network sees them.

    Attributes:
      pixels: uint8[m, resolution, resolution, 3], of the photos whose outcome is ``Outcome.OK``.
      outcomes: one for each photo, never ``TOO_LARGE_FOR_PARALLEL``.
      boxes: of the photos whose outcome is ``Outcome.OK``, as far as they lie within the upright
        photo; of a whole photo all of it.
    """

    pixels: npt.NDArray[np.uint8]
    outcomes: list[Outcome]
    boxes: list[PixelBox]


class PhotoReader:
    """Decodes, cuts and resizes photos, several at a time."""

    def __init__(
        self, resolution: int, box_margin: float, limits: Limits, box_overhang: float = 0.0
    ) -> None:
        """Takes the parameters of ``PhotoPreprocessor``."""
        self._resolution = resolution
        self._preprocess = PhotoPreprocessor(resolution, box_margin, limits, box_overhang)
        self._pool = ThreadPoolExecutor(_THREADS, "decoder")
        # Traced before threads call it: each function takes seconds.
        self._function = functools.cache(self._traced)

    def read(self, photos: Sequence[bytes], boxes: Sequence[PixelBox] | None) -> Prepared:
        """Returns photos as the network sees them.

        Args:
          photos: encoded, any bytes.
          boxes: one for each; None are whole photos.
        """
        source = Source.WHOLE_PHOTO if boxes is None else Source.BOXED_PHOTO
        asked = [
            (photo, box)
            for photo, box in zip(photos, boxes or [_NO_BOX] * len(photos), strict=True)
        ]
        done = list(self._pool.map(functools.partial(_call, self._function(source, True)), asked))
        # What needs much memory was put off, and is decoded one after another.
        for index, (_, outcome, _) in enumerate(done):
            if outcome is Outcome.TOO_LARGE_FOR_PARALLEL:
                done[index] = _call(self._function(source, False), asked[index])
        square = (self._resolution, self._resolution, 3)
        good = [one for one in done if one[1] is Outcome.OK]
        stacked = np.stack([one[0] for one in good]) if good else np.zeros((0, *square), np.uint8)
        return Prepared(stacked, [one[1] for one in done], [one[2] for one in good])

    def _traced(self, source: Source, in_parallel: bool) -> Callable[..., Any]:
        def prepare(encoded: tf.Tensor, box: tf.Tensor) -> PreparedPhoto:
            return self._preprocess(encoded, box, source, in_parallel)

        signature = [tf.TensorSpec([], tf.string), tf.TensorSpec([4], tf.int64)]
        function = tf.function(prepare, input_signature=signature, autograph=False)
        concrete: Callable[..., Any] = function.get_concrete_function()
        return concrete


_NO_BOX = PixelBox(0, 0, 0, 0)
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


def _call(
    function: Callable[..., Any], asked: tuple[bytes, PixelBox]
) -> tuple[npt.NDArray[np.uint8], Outcome, PixelBox]:
    photo, box = asked
    try:
        pixels, outcome, used = function(tf.constant(photo), tf.constant(box, tf.int64))
    except tf.errors.OpError:  # A signature leaves out each photo that fails in any way.
        return _NO_PIXELS, Outcome.UNREADABLE, _NO_BOX
    return pixels.numpy(), Outcome(int(outcome)), PixelBox(*used.numpy().tolist())
