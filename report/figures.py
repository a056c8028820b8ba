"""Histograms of the frames' numbers, read some thousand rows at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from schemas import frame_columns

_BINS = 40
_RANGES = {
    frame_columns.BOX_AREA: (0.0, 1.0),
    frame_columns.BRIGHTNESS: (0.0, 1.0),
    frame_columns.CONTRAST: (0.0, 0.5),
    frame_columns.SHARPNESS: (0.0, 4.0),
}
"""Sharpness spans decades: its logarithm to base 10 is counted."""
NAMES = {
    frame_columns.BOX_AREA: "box area / photo",
    frame_columns.BRIGHTNESS: "brightness",
    frame_columns.CONTRAST: "contrast",
    frame_columns.SHARPNESS: "log10 sharpness",
}


def histograms(folder: Path) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Returns quantity to split to (counts, edges) of the Frames artifact.

    What lies outside of a quantity's range counts in its first or last bin.
    """
    found: dict[str, dict[str, tuple[Any, Any]]] = {name: {} for name in NAMES.values()}
    for split in sorted(folder.glob("Split-*"), reverse=True):  # train, then eval
        counts = {name: np.zeros(_BINS, np.int64) for name in _RANGES}
        for path in sorted(split.iterdir()):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=list(_RANGES)):
                    for name, (low, high) in _RANGES.items():
                        values = batch.column(name).to_numpy()
                        if name == frame_columns.SHARPNESS:
                            values = np.log10(np.maximum(values, 1.0))
                        clipped = np.clip(values, low, high)
                        counts[name] += np.histogram(clipped, _BINS, (low, high))[0]
        for name, (low, high) in _RANGES.items():
            edges = np.linspace(low, high, _BINS + 1)
            found[NAMES[name]][split.name.removeprefix("Split-")] = (counts[name], edges)
    return {name: splits for name, splits in found.items() if splits}
