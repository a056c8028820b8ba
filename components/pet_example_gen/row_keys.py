"""Keys of rows: hashes of all that a row's Example depends on, but for the row's line.

Where a row has the key of a row of an earlier result, its Example is taken over from there.
"""

import hashlib
import json
from importlib import metadata

import tensorflow as tf

from components.pet_example_gen.job import IngestSettings
from dataset.csv_rows import Row
from dataset.photos.states import UNKNOWN

_CHOOSING = ("photos", "thin", "moods", "scenes")
_CHOOSING_DATA = ("shard_rows", "eval_fraction", "validation_fraction", "max_reject_fraction")
"""Settings that choose and arrange rows, and change no Example. Any other is part of the key."""
_LIBRARIES = ("imagehash", "numpy", "pillow", "scipy")
"""Beside TensorFlow, what decodes, shrinks, measures and encodes."""


def reading_version(settings: IngestSettings) -> str:
    """Returns a hash of the settings, the code and the libraries that Examples depend on."""
    document = json.loads(settings.to_json())
    for name in _CHOOSING:
        del document[name]
    for name in _CHOOSING_DATA:
        del document["data"][name]
    libraries = [tf.__version__, *map(metadata.version, _LIBRARIES)]
    return hashlib.sha256(repr((document, libraries)).encode()).hexdigest()


def row_key(
    version: str, image_root: str, row: Row, state: str, scene: tuple[object, ...] = ()
) -> str:
    """Returns the key of a row; "" where a change of its photo would not be noticed.

    Args:
      version: see ``reading_version``.
      image_root: folder that relative image paths start from.
      row: its line does not count.
      state: of its photo, see ``dataset.photos.states``.
      scene: what the photo's scene depends on beside the photo; empty where it has none.
    """
    if state == UNKNOWN:
        return ""
    text = repr((version, image_root, *row[1:], state, *scene))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
