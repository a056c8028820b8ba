"""Memory of a training process after each epoch on a small drawn set.

    uv run python -m benchmarks.train_memory

The first epochs fill the shuffle buffer and TensorFlow's pools. After them, the process may grow
by at most ``GOAL`` over the rest of the training.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks import flags, pictures, streams
from benchmarks.label_indexers import ZeroIndexer
from benchmarks.memory import resident_mb
from models.inputs.input_pipeline import training_batches
from models.network import classifier
from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import fitting
from models.training.backup import Backups

GOAL = 0.02
SETTLED = 4
"""The growth counts from the end of this epoch on."""
RESOLUTION, NUM_CLASSES, EXAMPLES = 96, 6, 128


def measure(epochs: int) -> dict[str, Any]:
    """Trains with backups and validation, and returns the memory after each epoch."""
    megabytes: list[float] = []
    settings = TrainSettings(epochs=epochs, batch_size=16, early_stopping_patience=epochs)
    model = classifier.build(ModelSettings(weights="none", resolution=RESOLUTION), NUM_CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        shard = pictures.write_shard(Path(folder) / "0.tfrecord", RESOLUTION, EXAMPLES)

        indexer = ZeroIndexer()

        def stream(start: int) -> tf.data.Dataset:
            return training_batches(
                streams.drawn(
                    [shard],
                    indexer,
                    NUM_CLASSES,
                    batch_size=settings.batch_size,
                    seed=1,
                    start=start,
                ),
                indexer,
                [1.0] * NUM_CLASSES,
                resolution=RESOLUTION,
                batch_size=settings.batch_size,
                augment=AugmentSettings(zoom=0.2, mixup=0.2),
                seed=1,
            )

        batch = [part.numpy() for part in next(iter(stream(0)))[:2]]

        def validation() -> Iterator[tuple[Any, ...]]:
            megabytes.append(resident_mb())  # Keras validates once, at the end of each epoch.
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


def main() -> int:
    """Prints the figures as JSON; returns 0 if the goal is met, else 1."""
    parser = flags.parser(__doc__)
    flags.add_number(parser, "--epochs", 12, f"epochs of the training, at least {SETTLED}")
    figures = measure(parser.parse_args().epochs)
    print(json.dumps(figures, indent=1))
    return 0 if figures["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
