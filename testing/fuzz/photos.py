"""Sound photos of all formats and their variants, from which mutations are made."""

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from dataset.photos import opening
from testing.models.quadrants import mottled

_ROWS, _COLUMNS = 40, 60
_VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("RGB", opening.JPEG, {}),
    ("L", opening.JPEG, {}),
    ("CMYK", opening.JPEG, {}),
    ("RGB", opening.JPEG, {"progressive": True, "subsampling": 0}),
    ("RGB", opening.JPEG, {"comment": "a comment", "restart_marker_blocks": 2}),
    ("RGB", opening.PNG, {}),
    ("1", opening.PNG, {}),
    ("P", opening.PNG, {}),
    ("RGBA", opening.PNG, {}),
    ("I;16", opening.PNG, {}),
    ("RGB", opening.GIF, {}),
    ("1", opening.BMP, {}),
    ("P", opening.BMP, {}),
    ("RGB", opening.BMP, {}),
    ("RGB", opening.WEBP, {}),
    ("RGB", opening.WEBP, {"lossless": True}),
    ("RGB", opening.TIFF, {"compression": "tiff_lzw"}),
    ("RGB", opening.AVIF, {}),
)
_WITH_EXIF = (opening.JPEG, opening.PNG, opening.WEBP, opening.TIFF)


@cache
def sound_photos() -> tuple[bytes, ...]:
    """Returns photos of 40 x 60 pixels: each format, with and without EXIF, and a GIF of frames."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif[0x0112] = 6
    photos = []
    for mode, kind, options in _VARIANTS:
        photos.append(_encoded(mode, kind, **options))
        if kind in _WITH_EXIF:
            photos.append(_encoded(mode, kind, **options, exif=exif))
    frames = [mottled(_ROWS, _COLUMNS, seed).convert("P") for seed in range(1, 4)]
    photos.append(
        _encoded("P", opening.GIF, save_all=True, append_images=frames, comment=b"a comment")
    )
    return tuple(photos)


def _encoded(mode: str, kind: str, **options: Any) -> bytes:
    image = mottled(_ROWS, _COLUMNS)
    if mode == "I;16":
        levels = np.asarray(image.convert("L")).astype(np.uint16) * 257
        picture = Image.fromarray(levels)
    else:
        picture = image.convert(mode)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
