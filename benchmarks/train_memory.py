"""Whether a training process grows: its memory after each epoch on a small drawn set.

    uv run python -m benchmarks.train_memory

The first epochs fill the shuffle and TensorFlow's pools. After them, the process may grow by at
most ``GOAL`` over the rest of the training.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks import pictures
from benchmarks.input_speed import OneLabel
from models.inputs.input_pipeline import training_batches
from models.network import classifier
from models.settings import AugmentSettings, ModelSettings, TrainSettings
from models.training import fitting
from models.training.backup import Backups

GOAL = 0.02
SETTLED = 4
"""Epochs that are not counted."""
SIDE, MOODS, EXAMPLES = 96, 6, 128


def measure(epochs: int) -> dict[str, Any]:
    """Trains with backups, validation and all, and returns the memory after each epoch."""
    megabytes: list[float] = []
    settings = TrainSettings(epochs=epochs, batch_size=16, early_stopping_patience=epochs)
    model = classifier.build(ModelSettings(weights="none", resolution=SIDE), MOODS)
    with tempfile.TemporaryDirectory() as folder:
        shard = _shard(Path(folder) / "0.tfrecord")

        def stream(start: int) -> tf.data.Dataset:
            return training_batches(
                [shard],
                OneLabel(),  # type: ignore[arg-type]
                [1.0] * MOODS,
                resolution=SIDE,
                batch_size=settings.batch_size,
                shuffle_buffer=EXAMPLES,
                augment=AugmentSettings(zoom=0.2, mixup=0.2),
                seed=1,
                total=EXAMPLES,
                start=start,
            )

        batch = [part.numpy() for part in next(iter(stream(0)))[:2]]

        def validation() -> Iterator[tuple[Any, ...]]:
            megabytes.append(resident_megabytes())  # Asked for once an epoch, at its end.
            yield from [tuple(batch)] * 2

        specs = tuple(tf.TensorSpec(part.shape, part.dtype) for part in batch)
        fitting.fit(
            model,
            stream,
            tf.data.Dataset.from_generator(validation, output_signature=specs),
            settings,
            keras.losses.CategoricalCrossentropy(),
            steps_per_epoch=EXAMPLES // settings.batch_size,
            run_dir=str(Path(folder) / "run"),
            backups=Backups(str(Path(folder) / "backup_dir"), "any"),
        )
    growth = megabytes[-1] / megabytes[SETTLED - 1] - 1
    return {
        "megabytes_after_each_epoch": megabytes,
        f"growth_after_epoch_{SETTLED}": round(growth, 4),
        "goal_met": growth <= GOAL,
    }


def resident_megabytes() -> float:
    """Returns what Linux says that this process holds."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def _shard(path: Path) -> str:
    window = (7, 7, SIDE, SIDE)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(EXAMPLES):
            crop = pictures.photo(SIDE + 14, SIDE + 14, number)
            writer.write(pictures.example(pictures.jpeg(crop, 95, "4:4:4"), "공포", window))
    return str(path)


def main() -> int:
    """Prints the figures as JSON; 0 where the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=12)
    told = measure(parser.parse_args().epochs)
    print(json.dumps(told, indent=1))
    return 0 if told["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
