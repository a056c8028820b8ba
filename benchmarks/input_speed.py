"""How many pictures a second the training's input gives, beside the original's way and PyTorch's.

All sides read drawn pictures at 224 pixels, take turns in one run on the same cores, and are
told as the median of their rounds:

* ours: the training's stream over Examples with crops of 256 pixels, as the ingest writes them;
  with the moving view and the mirror (``moved``), and with the default colours too;
* original: 1080p frames, ``decode_and_crop_jpeg``, then a resize, in tf.data;
* torch: a DataLoader with two workers over ready crops of 256 pixels (the same files as ours).

    uv run python -m benchmarks.input_speed
"""

import argparse
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

from benchmarks import pictures
from models.inputs.input_pipeline import training_batches
from models.settings import AugmentSettings
from schemas import features

SIDE, CROP, BATCH = 224, 256, 32
WINDOW = (16, 16, SIDE, SIDE)
FRAME, BOX = (1080, 1920), (200, 600, 760, 800)
"""Box: y, x, height, width."""
DIFFERENT = 64
"""Pictures drawn."""
REPEATED = 32
"""Times that each is in our shard: a pass that ends after two batches is nobody's."""
WARM_UP_BATCHES = 8
GOALS = {"moved": 3000.0, "over_original": 9.0, "over_torch": 2.0}
TORCH = "uv run --no-project --python 3.10 --with torch --with numpy --with pillow python"

MOVED = AugmentSettings(brightness=0, contrast=0, saturation=0)

Side = Callable[[int], float]
"""Reads at least so many pictures and returns how many a second."""


class OneLabel:
    """Stands for ``LabelIndexer``, whose Transform graph would be all there is to make here."""

    feature_spec = {features.LABEL: tf.io.FixedLenFeature([], tf.string)}  # noqa: RUF012

    def __call__(self, labels: tf.Tensor) -> tf.Tensor:
        """Returns int64[n], all 0."""
        return tf.zeros_like(labels, tf.int64)


def draw(folder: Path) -> dict[str, Any]:
    """Writes the pictures of all sides and returns their mean sizes in bytes."""
    (folder / "crops").mkdir()
    (folder / "frames").mkdir()
    sizes: dict[str, list[int]] = {"crop": [], "frame": []}
    with tf.io.TFRecordWriter(str(folder / "0.tfrecord")) as writer:
        for number in range(DIFFERENT):
            crop = pictures.jpeg(pictures.photo(CROP, CROP, number), 95, "4:4:4")
            (folder / "crops" / f"{number}.jpg").write_bytes(crop)
            for _ in range(REPEATED):
                writer.write(pictures.example(crop, "공포", WINDOW))
            sizes["crop"].append(len(crop))
    for number in range(8):  # Drawing one takes as long as reading a hundred.
        frame = pictures.jpeg(pictures.photo(*FRAME, number), 90, "4:2:0")
        (folder / "frames" / f"{number}.jpg").write_bytes(frame)
        sizes["frame"].append(len(frame))
    return {f"{name}_bytes": round(statistics.mean(each)) for name, each in sizes.items()}


def ours(folder: Path, augment: AugmentSettings) -> Side:
    """Returns the training's own stream."""
    stream = training_batches(
        [str(folder / "0.tfrecord")],
        OneLabel(),  # type: ignore[arg-type]
        [1.0] * 6,
        resolution=SIDE,
        batch_size=BATCH,
        shuffle_buffer=1024,
        augment=augment,
        seed=1,
        total=DIFFERENT * REPEATED,
    )
    return lambda images: rate_of(stream, images)


def original(folder: Path) -> Side:
    """Returns what the original project did with each frame, without its division by 255."""
    names = sorted(str(path) for path in (folder / "frames").iterdir())

    def read(name: tf.Tensor) -> tf.Tensor:
        crop = tf.image.decode_and_crop_jpeg(tf.io.read_file(name), BOX, channels=3)
        return tf.image.resize(crop, (SIDE, SIDE))

    stream = (
        tf.data.Dataset.from_tensor_slices(names)
        .repeat()
        .map(read, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda images: rate_of(stream, images)


def torch(folder: Path, command: str) -> Side:
    """Returns PyTorch's loader, in a process of its own."""
    script = str(Path(__file__).with_name("torch_loader.py"))

    def run(images: int) -> float:
        options = [f"--images={images}", f"--batch={BATCH}", "--workers=2"]
        told = subprocess.run(
            [*command.split(), script, str(folder / "crops"), *options],
            check=True,
            stdout=subprocess.PIPE,
        )
        return float(told.stdout.split()[-1])

    return run


def rate_of(stream: tf.data.Dataset, images: int) -> float:
    """Returns pictures a second of a stream of batches, its start left out."""
    batches = iter(stream)
    for _ in range(WARM_UP_BATCHES):
        next(batches)
    count = -(-images // BATCH)
    begin = time.perf_counter()
    for _ in range(count):
        next(batches)
    return count * BATCH / (time.perf_counter() - begin)


def measure(folder: Path, rounds: int, torch_command: str) -> dict[str, Any]:
    """Draws, lets the sides take turns, and returns medians, ratios and which goals are met."""
    sizes = draw(folder)
    sides: dict[str, tuple[Side, int]] = {
        "moved": (ours(folder, MOVED), 4096),
        "default": (ours(folder, AugmentSettings()), 2048),
        "original": (original(folder), 512),
    }
    if torch_command:
        sides["torch"] = (torch(folder, torch_command), 2048)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (side, images) in sides.items():
            rates[name].append(side(images))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    figures = medians | {"over_original": medians["moved"] / medians["original"]}
    if "torch" in medians:
        figures["over_torch"] = medians["moved"] / medians["torch"]
    return {
        **sizes,
        "rounds": rounds,
        "figures": {name: round(value, 2) for name, value in figures.items()},
        "all_rounds": {name: [round(value) for value in each] for name, each in rates.items()},
        "goals_met": {
            name: figures[name] >= goal for name, goal in GOALS.items() if name in figures
        },
    }


def main() -> int:
    """Prints the figures as JSON; 0 where the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--torch", default=TORCH, help="command of a Python with torch; '' for none"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), asked.rounds, asked.torch)
    print(json.dumps(told, indent=1))
    return 0 if all(told["goals_met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
