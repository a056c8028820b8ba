"""Frames a second of the ingest and of the original project's two ways of reading frames.

All sides read the same drawn 1080p frames with the same boxes from the same disk. They take turns
in one run:

* ``tf_data``: the original's training input, ``decode_and_crop_jpeg`` and ``resize`` to 224 in
  ``tf.data``, one frame a call, as many at a time as tf.data chooses;
* ``loop``: the same decoding and cropping in one plain loop on one core, without the resize;
* ``ingest``: ours, which reads, checks, crops, shrinks, measures, hashes, encodes and writes
  Examples and the frames table, in as many processes as there are cores.

Drawn boxes hold faces, AI Hub's hold whole animals (its own example is 793 x 764). Boxes are
therefore enlarged to at least ``--box`` pixels a side.

    uv run python -m benchmarks.ingest_speed
"""

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

from benchmarks import flags
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
from system.processes import worker_pool

RESOLUTION = 224
BATCH_SIZE = 64
FRAMES_PER_CLIP = 8


def draw(folder: Path, clips_per_mood: int, box_side: int, quality: int) -> Path:
    """Draws 1080p clips and returns the path of the CSV with enlarged boxes.

    Args:
      folder: for the photos and the CSV.
      clips_per_mood: number of clips of each mood.
      box_side: least side of a box, pixels.
      quality: of the photos' JPEG.
    """
    sample = write_sample(
        folder / "sample",
        SampleSettings(
            train_clips=(clips_per_mood,) * 6,
            eval_clips=(1,) * 6,
            frames_per_clip=FRAMES_PER_CLIP,
            long_side=1920,
            short_side=1080,
            jpeg_quality=quality,
            with_faults=False,
        ),
    )
    csv_path = sample.folder / "grown.csv"
    with csv_path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_path", "bbox", "labels", "clip"])
        for row in read_rows(str(sample.train_csv)):
            with Image.open(sample.folder / row.image_path) as image:
                box = _enlarged(parse_box(row.bbox), box_side, image.height, image.width)
            writer.writerow([row.image_path, ",".join(map(str, box)), row.label, row.clip])
    return csv_path


def _enlarged(box: PixelBox, side: int, height: int, width: int) -> PixelBox:
    """Returns a box of at least ``side`` pixels a side, moved into the photo."""
    box_height, box_width = max(box.height, min(side, height)), max(box.width, min(side, width))
    y = min(max(0, box.y - (box_height - box.height) // 2), height - box_height)
    x = min(max(0, box.x - (box_width - box.width) // 2), width - box_width)
    return PixelBox(y, x, box_height, box_width)


def tf_data(csv_path: Path) -> Callable[[], int]:
    """Returns a function that reads all frames as the original did and returns their number."""
    rows = list(read_rows(str(csv_path)))
    paths = [str(csv_path.parent / row.image_path) for row in rows]
    boxes = [list(parse_box(row.bbox)) for row in rows]

    def load(path: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
        image = tf.image.decode_and_crop_jpeg(tf.io.read_file(path), box, channels=3)
        return tf.image.resize(image, (RESOLUTION, RESOLUTION)) / 255.0

    batches = (
        tf.data.Dataset.from_tensor_slices((paths, boxes))
        .map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH_SIZE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda: sum(int(batch.shape[0]) for batch in batches)


def loop(csv_path: Path) -> Callable[[], int]:
    """Returns a function that decodes and crops one frame after another; it returns the number."""
    rows = list(read_rows(str(csv_path)))
    frames = [(str(csv_path.parent / row.image_path), list(parse_box(row.bbox))) for row in rows]

    def read() -> int:
        for path, box in frames:
            tf.image.decode_and_crop_jpeg(tf.io.read_file(path), box, channels=3).numpy()
        return len(frames)

    return read


class Ingest:
    """Our ingest in a given number of processes, which are started before the measurement."""

    def __init__(self, csv_path: Path, folder: Path, processes: int) -> None:
        self._folder = folder
        self._csv = csv_path
        self._processes = processes
        self._rounds = 0
        self.bytes_per_frame = 0.0
        self._pool_context = worker_pool(processes)
        self._pool = self._pool_context.__enter__()
        # Each worker imports TensorFlow with its first block.
        self()

    def __call__(self) -> int:
        """Reads and writes all frames and returns their number."""
        self._rounds += 1
        folder = self._folder / f"round-{self._rounds}"
        folder.mkdir()
        # Dealing the rows out takes the driver a thousandth of the whole time.
        jobs = list(self._jobs(folder))
        list(self._pool.map(write_shard, jobs) if self._pool else map(write_shard, jobs))
        rows = sum(job.block.rows for job in jobs)
        size = sum(path.stat().st_size for path in folder.glob("train-*") if path.is_file())
        self.bytes_per_frame = size / rows
        return rows

    def _jobs(self, folder: Path) -> Iterator[ShardJob]:
        settings = IngestSettings(
            data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=RESOLUTION
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


def measure(
    folder: Path, clips_per_mood: int, box_side: int, quality: int, rounds: int
) -> dict[str, Any]:
    """Draws the frames, lets the sides take turns and returns rates and ratios.

    Args:
      folder: for everything that is drawn and written.
      clips_per_mood: number of clips of each mood.
      box_side: least side of a box, pixels.
      quality: of the photos' JPEG.
      rounds: turns of each side.
    """
    csv_path = draw(folder, clips_per_mood, box_side, quality)
    cores = os.cpu_count() or 1
    ingest = Ingest(csv_path, folder, cores)
    sides: dict[str, Callable[[], int]] = {
        "tf_data": tf_data(csv_path),
        "loop": loop(csv_path),
        "ingest": ingest,
    }
    for name in ("tf_data", "loop"):  # A warm-up; the ingest has had one.
        sides[name]()

    seconds: dict[str, list[float]] = {name: [] for name in sides}
    frames = 0
    for _ in range(rounds):
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
        "box": box_side,
        "cores": cores,
        "frames_per_s": {name: round(rate, 1) for name, rate in rates.items()},
        "ingest_frames_per_s_per_core": round(rates["ingest"] / cores, 1),
        "ingest_bytes_per_frame": round(ingest.bytes_per_frame),
        "ratio_to_tf_data": round(statistics.median(ratios), 2),
        "ratio_to_tf_data_each_round": [round(ratio, 2) for ratio in ratios],
        "ratio_to_loop": round(rates["ingest"] / rates["loop"], 2),
    }


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_clips_per_mood(parser, 10, FRAMES_PER_CLIP)
    flags.add_number(parser, "--box", 780, "least side of a box, pixels")
    flags.add_number(parser, "--quality", 88, "quality of the photos' JPEG, 50 to 100")
    flags.add_rounds(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.clips_per_mood, args.box, args.quality, args.rounds)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
