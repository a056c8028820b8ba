"""Decodes a part of a JPEG with TensorFlow, which skips the rows and columns outside it."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.boxes import PixelBox


def decode_region(photo: bytes, region: PixelBox, ratio: int) -> npt.NDArray[np.uint8]:
    """Decodes a region of a JPEG; see ``dataset.photos.decoding.RegionDecoder``.

    libjpeg's accurate transform gives exactly the same pixels as Pillow.

    Raises:
      ValueError: the bytes cannot be decoded to the end of the region.
    """
    try:
        pixels = tf.raw_ops.DecodeAndCropJpeg(
            contents=photo,
            # Given a list, TensorFlow converts it by its slow path.
            crop_window=np.array(region, np.int32),
            channels=3,
            ratio=ratio,
            dct_method="INTEGER_ACCURATE",
        )
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(error.message) from error
    # The tensor's own memory, which ``numpy()`` would copy.
    return np.asarray(memoryview(pixels))
