"""Perceptual hash and mean colour of a view: nearly identical views have similar ones."""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_BITS = 64
_HASH_SIDE = 64
_COLOUR_SIDE = 16


def perceptual_hash(grey: Image.Image) -> int:
    """Returns the 64-bit hash of a view in 8-bit grey; the first bit is the highest.

    Each bit tells whether one of the 64 lowest frequencies of the view, shrunk to 32 x 32, lies
    above their median (Christoph Zauner, "Implementation and Benchmarking of Perceptual Image
    Hash Functions", 2010; ``imagehash.phash``). A second encoding, a resize or slightly more
    light changes a few bits at most.
    """
    # ``imagehash`` shrinks to 32 x 32 with a slow filter, which does not need a large view.
    small = grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX)
    bits: npt.NDArray[np.bool_] = imagehash.phash(small).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_distance(first: int, second: int) -> int:
    """Returns the number of bits in which two hashes differ, 0..64."""
    return (first ^ second).bit_count()


def mean_colour(view: Image.Image) -> int:
    """Returns the mean colour of an RGB view as 0xRRGGBB."""
    pixel = view.reduce(max(1, min(view.size) // _COLOUR_SIDE)).resize((1, 1), Image.Resampling.BOX)
    return int.from_bytes(pixel.tobytes(), "big")
