"""Rates of this machine for this data: photos read, training steps and predictions done.

It takes some 40 CPU seconds beside the import of TFX, less where the data is small. After a minute
nothing more is begun, however busy the machine is, and memory does not grow with the batch.
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

_SECONDS = 60.0
"""After so long a measurement ends with what it has, and nothing more is begun. What cannot be
stopped, the tracing of a step, takes ten CPU seconds."""
_PHOTO_SECONDS, _STEP_SECONDS, _PREDICT_SECONDS = 10.0, 10.0, 4.0
"""Time for each measurement, if it has its least number by then."""
_LEAST_PHOTOS, _LEAST_STEPS, _MOST_STEPS = 16, 3, 25
_PIXELS = 8 * 224**2
"""Of a batch on a CPU, where a picture costs as much in a larger one. A GPU gets all of it."""
_MIB_OF_PIXELS = 62 / 224**2
"""Memory of a training step for each pixel of a batch, for its activations: an estimate."""
_PREDICTION_SHARE = 1 / 3
"""Of a training step: the pass forward, without those for the gradients."""
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
    deadline = begin + _SECONDS
    photos, reading = _read_photos(settings, csv, image_root, deadline)
    steps = _steps(settings, len(moods), deadline)
    one_thread = loading.cpu + reading.cpu
    return {
        "photos": photos,
        "photo_seconds": reading.cpu / max(1, photos),
        "step_seconds": steps.step.wall,
        "step_cpu_seconds": steps.step.cpu,
        "first_step_seconds": steps.first.cpu,
        "predict_seconds": steps.predicting.wall,
        "predict_cpu_seconds": steps.predicting.cpu,
        "load_cpu_seconds": loading.cpu,
        "slowdown": max(1.0, (loading.wall + reading.wall) / one_thread),
        "peak_mib": steps.peak_mib,
        "is_cut_short": steps.is_cut_short,
        "seconds": time.monotonic() - begin,
    }


def _read_photos(
    settings: Settings, csv: str, image_root: str, deadline: float
) -> tuple[int, Clocks]:
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
        now = Clocks.now()
        is_enough = count >= _LEAST_PHOTOS and now.since(begin).wall > _PHOTO_SECONDS
        if is_enough or now.wall > deadline:
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


class _Steps(NamedTuple):
    """What the network costs.

    Attributes:
      first: of building it and of its first step.
      step: of one step after it.
      predicting: of one batch's prediction.
      peak_mib: memory of this process in a training.
      is_cut_short: whether the time had run out, so that the prediction is a share of the step.
    """

    first: Clocks
    step: Clocks
    predicting: Clocks
    peak_mib: int
    is_cut_short: bool


def _steps(settings: Settings, num_moods: int, deadline: float) -> _Steps:
    """Times training steps and predictions on a batch, and returns what those of a run cost."""
    import numpy as np
    import tensorflow as tf

    from models.network import classifier
    from models.training import compiling, fine_tuning, losses

    batch = settings.train.device_batch_size or settings.train.batch_size
    side = settings.model.resolution
    timed = pictures_timed(batch, side, on_gpu=bool(tf.config.list_physical_devices("GPU")))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (timed, side, side, 3)).astype(np.float32)
    labels = np.eye(num_moods, dtype=np.float32)[rng.integers(0, num_moods, timed)]

    begin = Clocks.now()
    model = classifier.build(settings.model.replace(weights="none"), num_moods)
    phase = fine_tuning.phases(settings.train)[-1]
    fine_tuning.freeze(model, phase.part)
    loss = losses.loss_for(settings.train, [1] * num_moods)
    compiling.compile_for(model, settings.train, loss, phase, steps_per_epoch=1)
    model.train_on_batch(pixels, labels)
    first = Clocks.now().since(begin)
    step = _mean(lambda: model.train_on_batch(pixels, labels), _STEP_SECONDS, deadline)
    peak_mib = psutil.Process().memory_info().rss / 2**20
    peak_mib += _MIB_OF_PIXELS * (batch - timed) * side**2
    is_cut_short = time.monotonic() > deadline
    if is_cut_short:
        predicting = Clocks(*(_PREDICTION_SHARE * part for part in step))
    else:
        model.predict_on_batch(pixels)
        predicting = _mean(lambda: model.predict_on_batch(pixels), _PREDICT_SECONDS, deadline)
    step, predicting = (
        Clocks(*(part * batch / timed for part in each)) for each in (step, predicting)
    )
    return _Steps(first, step, predicting, round(peak_mib), is_cut_short)


def pictures_timed(batch: int, side: int, *, on_gpu: bool) -> int:
    """Returns how many pictures of a side, pixels, the timed steps have in place of a batch."""
    return batch if on_gpu else min(batch, max(1, _PIXELS // side**2))


def _mean(work: Callable[[], object], seconds: float, deadline: float) -> Clocks:
    begin = now = Clocks.now()
    count = 0
    while not count or (
        now.wall < deadline
        and count < _MOST_STEPS
        and (count < _LEAST_STEPS or now.since(begin).wall < seconds)
    ):
        work()
        count += 1
        now = Clocks.now()
    spent = now.since(begin)
    return Clocks(spent.wall / count, spent.cpu / count)
