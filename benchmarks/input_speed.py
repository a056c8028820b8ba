"""Pictures a second of the training's input, of the original's input and of PyTorch's loader.

All sides read drawn pictures at 224 pixels and take turns in one run on the same cores. The
result has the median of each side's rounds:

* ``moved``, ``default``: ours, the training's stream over Examples with crops of 256 pixels, as
  the ingest writes them; with random view and mirror alone, and with the default colours too;
* ``moved_streamed``: ``moved`` with ``train.reading=stream``;
* ``original``: 1080p frames, ``decode_and_crop_jpeg``, then a resize, in tf.data;
* ``torch``: a DataLoader with two workers over ready crops of 256 pixels (the same files as ours).

    uv run python -m benchmarks.input_speed
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks import flags, pictures, streams
from benchmarks.label_indexers import ZeroIndexer
from models.inputs import records
from models.inputs.input_pipeline import training_batches
from models.settings.augmentation import AugmentSettings
from testing.paths import ROOT

RESOLUTION, CROP_SIDE, BATCH_SIZE = 224, 256, 32
WINDOW = (16, 16, RESOLUTION, RESOLUTION)
FRAME_SIZE, BOX = (1080, 1920), (200, 600, 760, 800)
"""Height and width; (y, x, height, width). Pixels."""
CROPS = 64
"""Crops drawn."""
FRAMES = 8
"""1080p frames drawn: drawing one takes as long as reading a hundred."""
COPIES = 32
"""Examples of each crop in our shard: no real pass over the data ends after two batches."""
WARM_UP_BATCHES = 8
GOALS = {"moved": 3000.0, "over_original": 9.0, "over_torch": 2.0}

MOVED = AugmentSettings(brightness=0, contrast=0, saturation=0)

Side = Callable[[int], float]
"""Reads at least the given number of pictures and returns pictures a second."""


def draw(folder: Path) -> dict[str, Any]:
    """Writes the pictures of all sides and returns their mean sizes in bytes."""
    (folder / "crops").mkdir()
    (folder / "frames").mkdir()
    sizes: dict[str, list[int]] = {"crop": [], "frame": []}
    with tf.io.TFRecordWriter(str(folder / "0.tfrecord")) as writer:
        for seed in range(CROPS):
            crop = pictures.crop(CROP_SIDE, CROP_SIDE, seed)
            (folder / "crops" / f"{seed}.jpg").write_bytes(crop)
            for _ in range(COPIES):
                writer.write(pictures.example(crop, WINDOW))
            sizes["crop"].append(len(crop))
    for seed in range(FRAMES):
        frame = pictures.jpeg(pictures.photo(*FRAME_SIZE, seed), 90, "4:2:0")
        (folder / "frames" / f"{seed}.jpg").write_bytes(frame)
        sizes["frame"].append(len(frame))
    return {f"{name}_bytes": round(statistics.mean(values)) for name, values in sizes.items()}


def ours(folder: Path, augment: AugmentSettings, *, streamed: bool = False) -> Side:
    """Returns the training's own stream as a side.

    Args:
      folder: of ``draw``.
      augment: random changes to the pictures.
      streamed: whether the records come through a shuffle buffer, and not one by one.
    """
    files, indexer = [str(folder / "0.tfrecord")], ZeroIndexer()
    if streamed:
        stream = records.streamed(
            files, shuffle_buffer=1024, seed=1, total=CROPS * COPIES, batch_size=BATCH_SIZE
        )
    else:
        stream = streams.drawn(files, indexer, 6, batch_size=BATCH_SIZE, seed=1)
    batches = training_batches(
        stream,
        indexer,
        [1.0] * 6,
        resolution=RESOLUTION,
        batch_size=BATCH_SIZE,
        augment=augment,
        seed=1,
    )
    return lambda images: images_per_second(batches, images)


def original(folder: Path) -> Side:
    """Returns the original project's input as a side, without its division by 255."""
    names = sorted(str(path) for path in (folder / "frames").iterdir())

    def read(name: tf.Tensor) -> tf.Tensor:
        crop = tf.image.decode_and_crop_jpeg(tf.io.read_file(name), BOX, channels=3)
        return tf.image.resize(crop, (RESOLUTION, RESOLUTION))

    stream = (
        tf.data.Dataset.from_tensor_slices(names)
        .repeat()
        .map(read, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH_SIZE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda images: images_per_second(stream, images)


def torch(folder: Path, command: str) -> Side:
    """Returns PyTorch's loader as a side that starts a process each time.

    Args:
      folder: of ``draw``.
      command: the value of --torch.
    """
    loader = [*command.split(), "-m", "benchmarks.torch_loader", str(folder / "crops")]

    def read(images: int) -> float:
        process = subprocess.run(
            [*loader, f"--images={images}", f"--batch-size={BATCH_SIZE}", "--workers=2"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
        return float(process.stdout.split()[-1])

    return read


def images_per_second(stream: tf.data.Dataset, images: int) -> float:
    """Reads a stream of batches and returns its pictures a second, without its start."""
    batches = iter(stream)
    for _ in range(WARM_UP_BATCHES):
        next(batches)
    count = -(-images // BATCH_SIZE)
    begin = time.perf_counter()
    for _ in range(count):
        next(batches)
    return count * BATCH_SIZE / (time.perf_counter() - begin)


def measure(folder: Path, rounds: int, torch_command: str) -> dict[str, Any]:
    """Draws, lets the sides take turns, and returns medians, ratios and the goals that are met."""
    sizes = draw(folder)
    sides: dict[str, tuple[Side, int]] = {
        "moved": (ours(folder, MOVED), 4096),
        "moved_streamed": (ours(folder, MOVED, streamed=True), 4096),
        "default": (ours(folder, AugmentSettings()), 2048),
        "original": (original(folder), 512),
    }
    if torch_command:
        sides["torch"] = (torch(folder, torch_command), 2048)

    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (side, images) in sides.items():
            rates[name].append(side(images))

    medians = {name: statistics.median(values) for name, values in rates.items()}
    figures = medians | {"over_original": medians["moved"] / medians["original"]}
    if "torch" in medians:
        figures["over_torch"] = medians["moved"] / medians["torch"]
    return {
        **sizes,
        "rounds": rounds,
        "figures": {name: round(value, 2) for name, value in figures.items()},
        "all_rounds": {name: [round(value) for value in values] for name, values in rates.items()},
        "goals_met": {
            name: figures[name] >= goal for name, goal in GOALS.items() if name in figures
        },
    }


def main() -> int:
    """Prints the figures as JSON; returns 0 if the goals are met, else 1."""
    parser = flags.parser(__doc__)
    flags.add_rounds(parser)
    flags.add_torch(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.rounds, args.torch)
    print(json.dumps(figures, indent=1))
    return 0 if all(figures["goals_met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
