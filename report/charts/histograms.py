"""Histograms of the frames' measurements, read some thousand rows at a time."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas import frame_columns
from schemas.splits import EVAL, TRAIN, VALIDATION, split_folder
from system.parquet import read_batches

_BINS = 40
_RANGES = {
    frame_columns.BOX_AREA: (0.0, 1.0),
    frame_columns.BRIGHTNESS: (0.0, 1.0),
    frame_columns.CONTRAST: (0.0, 0.5),
    frame_columns.SHARPNESS: (0.0, 4.0),
}
"""Sharpness spans decades: the histogram is of its logarithm to base 10."""


class Histogram(NamedTuple):
    """``counts`` int64[n] of the bins between ``edges`` float64[n + 1]."""

    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]


BySplit = Mapping[str, Histogram]
"""One measurement's histograms: train, validation where there is one, eval."""


def frame_histograms(frames: Path) -> dict[str, BySplit]:
    """Returns the histograms by column and split; {} if there are no frames.

    Values outside a measurement's range count in its first or last bin.

    Args:
      frames: folder of the Frames artifact.
    """
    folders = {split: frames / split_folder(split) for split in (TRAIN, VALIDATION, EVAL)}
    by_split = {split: _counts(folder) for split, folder in folders.items() if folder.is_dir()}
    if not by_split:
        return {}
    return {
        name: {
            split: Histogram(counts[name], np.linspace(low, high, _BINS + 1))
            for split, counts in by_split.items()
        }
        for name, (low, high) in _RANGES.items()
    }


def _counts(folder: Path) -> dict[str, npt.NDArray[np.int64]]:
    """Returns int64[_BINS] by column for one split's tables."""
    counts = {name: np.zeros(_BINS, np.int64) for name in _RANGES}
    for path in sorted(folder.iterdir()):
        for batch in read_batches(str(path), list(_RANGES)):
            for name, (low, high) in _RANGES.items():
                values = batch.column(name).to_numpy()
                if name == frame_columns.SHARPNESS:
                    values = np.log10(np.maximum(values, 1.0))
                clipped = np.clip(values, low, high)
                counts[name] += np.histogram(clipped, _BINS, (low, high))[0]
    return counts
