"""Rates of this machine for this data: photos read, training steps and predictions done.

It takes a minute at most, and less where the data is small.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import psutil

from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import Row, read_rows
from dataset.photo import make_crop
from dataset.photos.files import read_photo
from dataset.photos.parsed import PhotoError
from pipeline.config import Settings
from schemas.documents.plan import Probe

_PHOTO_SECONDS, _STEP_SECONDS, _PREDICT_SECONDS = 12.0, 15.0, 5.0
"""Time for each measurement, if it has its least number by then."""
_LEAST_PHOTOS, _LEAST_STEPS = 32, 5
_SAMPLED = 256
"""Rows that photos are read of at least, where there are as many; at most twice as many."""


class Clocks(NamedTuple):
    """Seconds by the clock, and CPU seconds of this process's threads."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Clocks":
        """Returns both as of now."""
        return cls(time.monotonic(), time.process_time())

    def since(self, before: "Clocks") -> "Clocks":
        """Returns the time between two moments."""
        return Clocks(self.wall - before.wall, self.cpu - before.cpu)


def measure(
    settings: Settings, csv: str, image_root: str, moods: Sequence[str], loading: Clocks
) -> Probe:
    """Measures this machine.

    Args:
      settings: of the run.
      csv: the train table.
      image_root: folder that its relative paths start from.
      moods: of the run.
      loading: what importing TFX took.
    """
    begin = time.monotonic()
    photos, reading = _read_photos(settings, csv, image_root)
    first, step, predicting = _steps(settings, len(moods))
    one_thread = loading.cpu + reading.cpu
    return {
        "photos": photos,
        "photo_seconds": reading.cpu / max(1, photos),
        "step_seconds": step.wall,
        "step_cpu_seconds": step.cpu,
        "first_step_seconds": first.cpu,
        "predict_seconds": predicting.wall,
        "predict_cpu_seconds": predicting.cpu,
        "load_cpu_seconds": loading.cpu,
        "slowdown": max(1.0, (loading.wall + reading.wall) / one_thread),
        "peak_mib": psutil.Process().memory_info().rss >> 20,
        "seconds": time.monotonic() - begin,
    }


def _read_photos(settings: Settings, csv: str, image_root: str) -> tuple[int, Clocks]:
    """Makes the crops of rows that are evenly spread over a table, as the ingest does."""
    from components.pet_example_gen.decoder import decode_region

    rows = _spread(csv)
    side, data, begin, count = settings.model.resolution, settings.data, Clocks.now(), 0
    for row in rows:
        try:
            photo = read_photo(image_root, row.image_path, data.max_image_bytes)
            make_crop(photo, parse_box(row.bbox), data, side, decode_region)
        except (BoxError, PhotoError, OSError):
            continue  # A refused row costs little.
        count += 1
        if count >= _LEAST_PHOTOS and Clocks.now().since(begin).wall > _PHOTO_SECONDS:
            break
    return count, Clocks.now().since(begin)


def _spread(csv: str) -> list[Row]:
    """Returns rows from all over a table, the widest apart first."""
    sample: list[Row] = []
    stride = 1
    for index, row in enumerate(read_rows(csv)):
        if index % stride == 0 and not row.fault:
            sample.append(row)
            if len(sample) == 2 * _SAMPLED:
                sample, stride = sample[::2], 2 * stride
    return [row for first in range(4) for row in sample[first::4]]


def _steps(settings: Settings, num_moods: int) -> tuple[Clocks, Clocks, Clocks]:
    """Returns the cost of the first step, of one step after it, and of one batch's prediction."""
    import numpy as np

    from models.network import classifier
    from models.training import compiling, fine_tuning, losses

    batch = settings.train.device_batch_size or settings.train.batch_size
    side = settings.model.resolution
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (batch, side, side, 3)).astype(np.float32)
    labels = np.eye(num_moods, dtype=np.float32)[rng.integers(0, num_moods, batch)]

    begin = Clocks.now()
    model = classifier.build(settings.model.replace(weights="none"), num_moods)
    phase = fine_tuning.phases(settings.train)[-1]
    fine_tuning.freeze(model, phase.part)
    loss = losses.loss_for(settings.train, [1] * num_moods)
    compiling.compile_for(model, settings.train, loss, phase, steps_per_epoch=1)
    model.train_on_batch(pixels, labels)
    first = Clocks.now().since(begin)
    step = _mean(lambda: model.train_on_batch(pixels, labels), _STEP_SECONDS)
    model.predict_on_batch(pixels)
    return first, step, _mean(lambda: model.predict_on_batch(pixels), _PREDICT_SECONDS)


def _mean(work: Callable[[], object], seconds: float) -> Clocks:
    begin, count = Clocks.now(), 0
    while count < _LEAST_STEPS or Clocks.now().since(begin).wall < seconds:
        work()
        count += 1
    spent = Clocks.now().since(begin)
    return Clocks(spent.wall / count, spent.cpu / count)
