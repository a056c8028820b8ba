"""Drawn pictures that cost a decoder what photos do, for the measurements of speed.

Natural pictures have amplitudes that fall with frequency, about as 1/f (David J. Field,
"Relations between the statistics of natural images and the response properties of cortical
cells", 1987), so noise of such a spectrum takes a JPEG about as many bytes as a photo of the
same size.
"""

import io

import numpy as np
from PIL import Image

from schemas import features

STEEP = 1.7
"""How fast amplitudes fall: with this, crops of 256 pixels as the ingest writes them have 31 KB, as
those of photos of dogs have on average."""


def photo(height: int, width: int, seed: int) -> Image.Image:
    """Returns coloured 1/f noise, RGB."""
    noise = np.random.default_rng(seed).standard_normal((height, width, 3))
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    falling = np.maximum(np.hypot(down, right), 1 / max(height, width)) ** -STEEP
    waves = np.fft.rfft2(noise, axes=(0, 1)) * falling[..., None]
    levels = np.fft.irfft2(waves, s=(height, width), axes=(0, 1))
    grey = levels.mean(axis=2, keepdims=True)
    levels = grey + 0.3 * (levels - grey)  # Colours differ less than lightness.
    spread = 127.5 + 55 * levels / levels.std()
    return Image.fromarray(np.clip(spread, 0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, quality: int, subsampling: str) -> bytes:
    """Returns its JPEG file; the ingest keeps all colours ("4:4:4"), cameras do not ("4:2:0")."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return file.getvalue()


def example(encoded: bytes, label: str, window: tuple[int, int, int, int]) -> bytes:
    """Returns a serialized Example with what the training reads."""
    import tensorflow as tf

    kinds = tf.train
    values = {
        features.IMAGE: kinds.Feature(bytes_list=kinds.BytesList(value=[encoded])),
        features.WINDOW: kinds.Feature(int64_list=kinds.Int64List(value=window)),
        features.LABEL: kinds.Feature(bytes_list=kinds.BytesList(value=[label.encode()])),
    }
    return bytes(kinds.Example(features=kinds.Features(feature=values)).SerializeToString())
