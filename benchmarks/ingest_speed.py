"""How fast the ingest reads frames, beside the original project's two ways of reading them.

All sides read the same drawn 1080p frames with the same boxes from the same disk, taking turns
in one run, each on all cores:

* ``tf_data``: the original's training input: ``decode_and_crop_jpeg`` and ``resize`` to 224 in
  ``tf.data``, one frame a call, as many at a time as tf.data likes;
* ``loop``: the same decode and crop in one plain loop, without the resize;
* ``ingest``: ours: read, check, crop, shrink, measure, hash, encode and write Examples and
  frames, in one process a core.

Boxes are grown to ``--box`` pixels, for AI Hub's hold whole animals (its own example is
793 x 764) and the drawn ones faces.

    uv run python -m benchmarks.ingest_speed
"""

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from PIL import Image

from components.pet_example_gen import work
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from dataset.boxes import PixelBox, parse_box
from dataset.csv_rows import read_rows
from dataset.partition import SplitShare, partition_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS

SIDE = 224
BATCH = 64


def draw(folder: Path, clips: int, box: int, quality: int) -> Path:
    """Draws 1080p clips and returns the CSV with the boxes grown."""
    sample = write_sample(
        folder / "sample",
        SampleSettings(
            train_clips=(clips,) * 6,
            eval_clips=(1,) * 6,
            frames_per_clip=8,
            long_side=1920,
            short_side=1080,
            jpeg_quality=quality,
            with_faults=False,
        ),
    )
    grown = sample.folder / "grown.csv"
    with grown.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_path", "bbox", "labels", "clip"])
        for row in read_rows(str(sample.train_csv)):
            with Image.open(sample.folder / row.image_path) as image:
                wide = _grown(parse_box(row.bbox), box, image.height, image.width)
            writer.writerow([row.image_path, ",".join(map(str, wide)), row.label, row.clip])
    return grown


def _grown(box: PixelBox, side: int, height: int, width: int) -> PixelBox:
    rows, columns = max(box.height, min(side, height)), max(box.width, min(side, width))
    y = min(max(0, box.y - (rows - box.height) // 2), height - rows)
    x = min(max(0, box.x - (columns - box.width) // 2), width - columns)
    return PixelBox(y, x, rows, columns)


def tf_data(csv_path: Path) -> Callable[[], int]:
    """Returns a function that reads all frames the original's way and says how many."""
    rows = list(read_rows(str(csv_path)))
    paths = [str(csv_path.parent / row.image_path) for row in rows]
    boxes = [list(parse_box(row.bbox)) for row in rows]

    def load(path: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
        image = tf.image.decode_and_crop_jpeg(tf.io.read_file(path), box, channels=3)
        return tf.image.resize(image, (SIDE, SIDE)) / 255.0

    batches = (
        tf.data.Dataset.from_tensor_slices((paths, boxes))
        .map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda: sum(int(batch.shape[0]) for batch in batches)


def loop(csv_path: Path) -> Callable[[], int]:
    """Returns a function that decodes and crops all frames one after another."""
    rows = list(read_rows(str(csv_path)))
    frames = [(str(csv_path.parent / row.image_path), list(parse_box(row.bbox))) for row in rows]

    def read() -> int:
        for path, box in frames:
            tf.image.decode_and_crop_jpeg(tf.io.read_file(path), box, channels=3).numpy()
        return len(frames)

    return read


class Ingest:
    """Our ingest in as many processes as there are cores, started before it is measured."""

    def __init__(self, csv_path: Path, folder: Path, processes: int) -> None:
        self._folder = folder
        self._csv = csv_path
        self._processes = processes
        self._rounds = 0
        self.bytes_per_frame = 0.0
        self._pool_context = work.worker_pool(processes)
        self._pool = self._pool_context.__enter__()
        # Each worker imports TensorFlow with its first block.
        self()

    def __call__(self) -> int:
        """Reads and writes all frames."""
        self._rounds += 1
        folder = self._folder / f"round-{self._rounds}"
        folder.mkdir()
        jobs = list(self._jobs(folder))
        # The rows are dealt out before: that is the driver's work, and a thousandth of the whole.
        list(self._pool.map(write_shard, jobs) if self._pool else map(write_shard, jobs))
        rows = sum(job.block.rows for job in jobs)
        size = sum(path.stat().st_size for path in folder.glob("train-*") if path.is_file())
        self.bytes_per_frame = size / rows
        return rows

    def _jobs(self, folder: Path) -> Iterator[ShardJob]:
        settings = IngestSettings(
            data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=SIDE
        )
        rows = sum(1 for _ in read_rows(str(self._csv)))
        parts = folder / "rows"
        parts.mkdir()
        shard_rows = -(-rows // (4 * self._processes))
        for block in partition_rows(
            str(self._csv), [SplitShare("train", 1)], shard_rows, str(parts)
        ).blocks:
            stem = str(folder / f"train-{block.number}")
            root = str(self._csv.parent)
            yield ShardJob(block, settings, root, False, frozenset(), stem, rows)

    def close(self) -> None:
        """Ends the processes."""
        self._pool_context.__exit__(None, None, None)


def measure(folder: Path, clips: int, box: int, quality: int, repeat: int) -> dict[str, Any]:
    """Draws the frames and measures every side ``repeat`` times, in turns."""
    csv_path = draw(folder, clips, box, quality)
    cores = os.cpu_count() or 1
    ingest = Ingest(csv_path, folder, cores)
    sides: dict[str, Callable[[], int]] = {
        "tf_data": tf_data(csv_path),
        "loop": loop(csv_path),
        "ingest": ingest,
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for name in ("tf_data", "loop"):
        sides[name]()
    frames = 0
    for _ in range(repeat):
        for name, side in sides.items():
            start = time.perf_counter()
            frames = side()
            seconds[name].append(time.perf_counter() - start)
    ingest.close()
    photos = [csv_path.parent / row.image_path for row in read_rows(str(csv_path))]
    rates = {name: frames / statistics.median(times) for name, times in seconds.items()}
    ratios = sorted(a / b for a, b in zip(seconds["tf_data"], seconds["ingest"], strict=True))
    return {
        "frames": frames,
        "bytes_per_photo": round(sum(path.stat().st_size for path in photos) / frames),
        "box": box,
        "cores": cores,
        "frames_per_s": {name: round(rate, 1) for name, rate in rates.items()},
        "ingest_frames_per_s_per_core": round(rates["ingest"] / cores, 1),
        "ingest_bytes_per_frame": round(ingest.bytes_per_frame),
        "ratio_to_tf_data": round(statistics.median(ratios), 2),
        "ratio_to_tf_data_each_round": [round(ratio, 2) for ratio in ratios],
        "ratio_to_loop": round(rates["ingest"] / rates["loop"], 2),
    }


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=10, help="of each mood, 8 frames each")
    parser.add_argument("--box", type=int, default=780, help="least side of a box, pixels")
    parser.add_argument("--quality", type=int, default=88, help="of the photos' JPEG")
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), asked.clips, asked.box, asked.quality, asked.repeat)
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
