"""Estimate of the bytes that the ingest of a table stores, from some of its photos."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import Row, read_rows
from dataset.photo import make_crop
from dataset.photos.files import read_photo
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings

_SAMPLED_ROWS = 32
"""Photos that are read at least, where there are so many: a second of work. Crops of one data set
differ by about half their size, so that their mean is known to a tenth."""
ROW_BYTES = 1000
"""What each row costs apart from its crop: the Example's other features, and its lines in the
tables of frames, refused rows and predictions."""


class StoredSize(NamedTuple):
    """What the ingest of a table will store.

    Attributes:
      rows: of the table.
      kept: rows that become Examples, if none is refused.
      row_bytes: mean size of an Example.
    """

    rows: int
    kept: float
    row_bytes: float

    @property
    def bytes(self) -> int:
        """Size of all Examples."""
        return round(self.kept * self.row_bytes)


def stored_size(
    csv: Path,
    image_root: Path,
    data: DataSettings,
    thin: ThinSettings,
    side: int,
    *,
    labelled: bool = True,
) -> StoredSize:
    """Estimates the size by the crops of rows that are evenly spread over the table.

    Args:
      csv: the table, which is read to its end.
      image_root: folder that relative image paths start from.
      data: rules of the crops.
      thin: which frames are kept, if the table is thinned. With ``min_distance`` that shows only in
        the pixels, and one frame of each clip is counted.
      side: the training resolution, pixels.
      labelled: whether the rows have labels.

    Raises:
      DataRefusedError: as ``dataset.csv_rows.read_rows`` does.
    """
    sample: list[Row] = []
    stride, count = 1, 0
    clips: Counter[str] = Counter()
    for row in read_rows(str(csv), labelled=labelled):
        if count % stride == 0:
            sample.append(row)
            if len(sample) == 2 * _SAMPLED_ROWS:
                sample, stride = sample[::2], 2 * stride
        if thin.is_on:
            clips[row.clip] += 1
        count += 1
    sizes = [_crop_bytes(row, str(image_root), data, side) for row in sample]
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    return StoredSize(count, _kept(clips.values(), thin) if clips else count, mean + ROW_BYTES)


def _kept(frames: Iterable[int], thin: ThinSettings) -> float:
    """Returns the number of frames that thinning surely keeps of clips with so many frames."""
    limit = 1 if thin.min_distance else thin.max_frames
    return sum(min(each, limit) for each in frames)


def _crop_bytes(row: Row, image_root: str, data: DataSettings, side: int) -> int:
    """Returns the size of a row's crop; 0 for a row that is refused."""
    try:
        photo = read_photo(
            image_root, row.image_path, data.max_image_bytes, below_root=data.stay_below_root
        )
        return len(make_crop(photo, parse_box(row.bbox), data, side).jpeg)
    except (BoxError, PhotoError):
        return 0
    except Exception:
        # As in the ingest, which refuses the row: no photo ends a run.
        return 0
