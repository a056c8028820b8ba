"""Drawn pictures that cost a decoder as much as photos do, for the measurements of speed.

The amplitudes of natural pictures fall with frequency, about as 1/f (David J. Field,
"Relations between the statistics of natural images and the response properties of cortical
cells", 1987). Noise with such a spectrum takes a JPEG about as many bytes as a photo of the
same size.
"""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas import features

EXPONENT = 1.7
"""Amplitudes fall as frequency to the power of minus this. With it, crops of 256 pixels as the
ingest writes them have 31 KB, which is the mean of such crops of photos of dogs."""
LABEL = "공포"
"""Mood of all drawn Examples: one is enough where only speed or memory is measured."""


def photo(height: int, width: int, seed: int) -> Image.Image:
    """Returns coloured 1/f noise, RGB."""
    noise = np.random.default_rng(seed).standard_normal((height, width, 3))
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    falling = np.maximum(np.hypot(down, right), 1 / max(height, width)) ** -EXPONENT
    waves = np.fft.rfft2(noise, axes=(0, 1)) * falling[..., None]
    levels = np.fft.irfft2(waves, s=(height, width), axes=(0, 1))
    grey = levels.mean(axis=2, keepdims=True)
    levels = grey + 0.3 * (levels - grey)  # Colours differ less than lightness.
    spread = 127.5 + 55 * levels / levels.std()
    return Image.fromarray(np.clip(spread, 0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, quality: int, subsampling: str) -> bytes:
    """Returns a picture as a JPEG file.

    Args:
      picture: RGB.
      quality: of the JPEG, 1..100.
      subsampling: "4:4:4", which keeps all colours, as the ingest does; "4:2:0" as cameras do.
    """
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return file.getvalue()


def crop(height: int, width: int, seed: int) -> bytes:
    """Returns a drawn picture as the JPEG that the ingest would store of it."""
    return jpeg(photo(height, width, seed), 95, "4:4:4")


def resized(encoded: bytes, side: int) -> npt.NDArray[np.uint8]:
    """Decodes and shrinks a photo with Pillow, as users of Keras and PyTorch do.

    Args:
      encoded: JPEG file.
      side: of the result, pixels.

    Returns:
      uint8[side, side, 3], 0..255.
    """
    image = Image.open(io.BytesIO(encoded)).convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def example(encoded: bytes, window: tuple[int, int, int, int]) -> bytes:
    """Returns a serialized Example with the features that the training reads.

    Args:
      encoded: the crop, a JPEG file.
      window: (y, x, height, width) of the view in the crop, pixels.
    """
    # Imported late: serving_torch uses this module in an environment without TensorFlow.
    import tensorflow as tf

    kinds = tf.train
    values = {
        features.IMAGE: kinds.Feature(bytes_list=kinds.BytesList(value=[encoded])),
        features.WINDOW: kinds.Feature(int64_list=kinds.Int64List(value=window)),
        features.LABEL: kinds.Feature(bytes_list=kinds.BytesList(value=[LABEL.encode()])),
    }
    return bytes(kinds.Example(features=kinds.Features(feature=values)).SerializeToString())


def write_shard(path: Path, resolution: int, count: int) -> str:
    """Writes a shard of Examples, each with another drawn crop, and returns its path.

    Args:
      path: of the TFRecord file.
      resolution: side of the view, pixels. The crop is larger by 32/224 of it, as the default
        of ``data.surplus`` has it.
      count: number of Examples.
    """
    import tensorflow as tf

    surplus = round(resolution * 32 / 224)
    side = resolution + surplus
    window = (surplus // 2, surplus // 2, resolution, resolution)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for seed in range(count):
            writer.write(example(crop(side, side, seed), window))
    return str(path)
