"""Bytes of photos, and what becomes of them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dataset.photos.decoding import decode_whole
from dataset.photos.opening import load, opened
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_PIXELS

ROWS, COLUMNS = 40, 60


def mottled(mode: str = "RGB") -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((COLUMNS, ROWS), Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(photo: bytes) -> npt.NDArray[np.uint8]:
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        return np.asarray(decode_whole(one).pixels)


def refusal(photo: bytes, max_pixels: int = MAX_IMAGE_PIXELS, **limits: Any) -> PhotoError:
    with pytest.raises(PhotoError) as caught, opened(photo, max_pixels, **limits) as one:
        load(one)
    return caught.value


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
