"""What a checkpoint's file says of its size, read before Keras builds anything of that size.

A file of a kilobyte may declare arrays and layers of any size: HDF5 stores no values that were
never written.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from schemas import json_text
from schemas.errors import ConfigError
from schemas.labels import MAX_MOODS

MAX_VALUES = 1 << 27
"""Most numbers in a file, 512 MiB as float32. EfficientNetB0 has 4 million."""
MAX_WIDTH = 16384
"""Most units or filters of a layer."""

_MODEL_CONFIG = "model_config"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
"""Names in a ``.keras`` archive."""
_WIDTHS = ("units", "filters", "input_dim", "output_dim")


def check_size(file: Path) -> None:
    """Raises ConfigError if a checkpoint declares more than any network of this kind has.

    Args:
      file: a ``.keras`` archive or an HDF5 file.

    Raises:
      ConfigError: see above.
      Exception: what zipfile and h5py raise for a file that is neither.
    """
    if file.suffix == ".keras":
        with zipfile.ZipFile(file) as archive:
            with archive.open(_CONFIG) as config:
                text = config.read(json_text.MAX_BYTES + 1)
            with archive.open(_WEIGHTS) as stream, h5py.File(stream) as content:
                values = _num_values(content)
    else:
        with h5py.File(file) as content:
            values = _num_values(content)
            text = content.attrs.get(_MODEL_CONFIG, "{}")
    _check(file, "numbers", values, MAX_VALUES)
    if len(text) > json_text.MAX_BYTES:
        raise ValueError(f"its configuration has more than {json_text.MAX_BYTES >> 20} MiB")
    config_text = text.decode("utf-8") if isinstance(text, bytes) else str(text)
    for name, width in _widths(json_text.parsed(config_text)):
        _check(file, name, width, MAX_WIDTH)


def is_weights_only(file: Path) -> bool:
    """Returns whether an HDF5 file has no architecture."""
    with h5py.File(file) as content:
        return _MODEL_CONFIG not in content.attrs


def num_classes_of(file: Path) -> int:
    """Returns the columns of the head's kernel, the only matrix among the network's weights.

    Raises:
      ConfigError: they are more than ``schemas.labels.MAX_MOODS``.
      ValueError: there is no such matrix, or there are several.
    """
    with h5py.File(file) as content:
        columns = {int(array.shape[1]) for array in _arrays(content) if array.ndim == 2}
    if len(columns) != 1 or min(columns) < 2:
        raise ValueError("there is no head for two or more moods")
    num_classes = columns.pop()
    _check(file, "moods", num_classes, MAX_MOODS)
    return num_classes


def _arrays(content: h5py.File) -> list[h5py.Dataset]:
    found: list[h5py.Dataset] = []

    def add(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(item)

    content.visititems(add)
    return found


def _num_values(content: h5py.File) -> int:
    return sum(int(array.size or 0) for array in _arrays(content))


def _widths(config: object) -> Iterator[tuple[str, int]]:
    """Yields the names and sizes of a configuration's layers, however deep."""
    pending: list[Any] = [config]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield from ((key, item[key]) for key in _WIDTHS if isinstance(item.get(key), int))
            pending += item.values()
        elif isinstance(item, list):
            pending += item


def _check(file: Path, what: str, received: int, limit: int) -> None:
    if received > limit:
        raise ConfigError(
            f"A checkpoint may have at most {limit:,} {what}. {file} declares {received:,}: it was "
            "damaged or altered, or is of another kind. Name another file"
        )
