"""Macro-F1 after equally many steps on all, on thinned and on randomly drawn frames.

Trains from random weights on drawn clips of nearly equal frames. The weights of the last step are
evaluated, so that the eval split, which is never thinned, selects nothing:

* ``all``: every training frame;
* ``thinned``: those that the settings ``thin.*`` keep, by perceptual hash, at most a few a clip;
* ``random``: as many frames as thinning has left, drawn from all.

    uv run python -m benchmarks.thinning
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import flags, streams
from benchmarks.label_indexers import MoodIndexer
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from dataset import scores
from dataset.partition import SplitShare, partition_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.inputs import records, shard_index
from models.inputs.input_pipeline import evaluation_batches, training_batches
from models.network import classifier
from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import compiling, fine_tuning, losses
from schemas.labels import DEFAULT_MOODS
from schemas.splits import RECORDS

NUM_CLASSES = len(DEFAULT_MOODS)
RESOLUTION = 64
BATCH_SIZE = 32
SAMPLE = SampleSettings(
    train_clips=(12,) * 6,
    eval_clips=(8,) * 6,
    frames_per_clip=24,
    long_side=320,
    short_side=240,
    with_faults=False,
)
"""72 train clips with 1,728 frames; 48 eval clips with 1,152 frames."""
THIN = ThinSettings(min_distance=4, max_frames=4)


def write(csv: Path, folder: Path, thin: ThinSettings) -> str:
    """Ingests a CSV into one shard of Examples and returns its path."""
    folder.mkdir()
    (block,) = partition_rows(str(csv), [SplitShare("all", 1)], 10**6, str(folder)).blocks
    settings = IngestSettings(data=DataSettings(), thin=thin, moods=DEFAULT_MOODS, side=RESOLUTION)
    stem = str(folder / "shard")
    root = str(csv.parent)
    write_shard(ShardJob(block, settings, root, thin.is_on, frozenset(), stem, block.rows))
    return stem + RECORDS


def write_random(shard: str, target: Path, count: int, seed: int) -> str:
    """Writes ``count`` Examples of a shard, drawn at random, and returns their path."""
    records = list(tf.data.TFRecordDataset(shard).as_numpy_iterator())
    chosen = np.random.default_rng(seed).choice(len(records), count, replace=False)
    with tf.io.TFRecordWriter(str(target)) as writer:
        for index in sorted(chosen.tolist()):
            writer.write(records[index])
    return str(target)


def macro_f1(train: str, evaluation: str, steps: int, seed: int) -> float:
    """Trains on one shard and returns the macro-F1 on another.

    Args:
      train: path of the shard to train on.
      evaluation: path of the other one.
      steps: training steps, of ``BATCH_SIZE`` frames.
      seed: of the weights, the order and the augmentation.
    """
    keras.utils.set_random_seed(seed)
    indexer = MoodIndexer()
    settings = TrainSettings(
        epochs=1, steps_per_epoch=steps, batch_size=BATCH_SIZE, learning_rate=2e-3, seed=seed
    )
    counts = shard_index.load([train], indexer).label_counts(NUM_CLASSES)
    model = classifier.build(
        ModelSettings(weights="none", resolution=RESOLUTION, batch_norm_momentum=0.9), NUM_CLASSES
    )
    (phase,) = fine_tuning.phases(settings)
    fine_tuning.freeze(model, phase.part)
    compiling.compile_for(model, settings, losses.loss_for(settings, counts), phase, steps)
    batches = training_batches(
        streams.drawn([train], indexer, NUM_CLASSES, batch_size=BATCH_SIZE, seed=seed),
        indexer,
        losses.class_weights(settings, counts, DEFAULT_MOODS),
        resolution=RESOLUTION,
        batch_size=BATCH_SIZE,
        augment=AugmentSettings(),
        seed=seed,
    )
    model.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0)

    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES))
    for pixels, labels in evaluation_batches(
        records.ordered([evaluation]), indexer, NUM_CLASSES, resolution=RESOLUTION, batch_size=64
    ):
        y_pred = model.predict_on_batch(pixels).argmax(axis=1)
        y_true = labels.numpy().argmax(axis=1)
        np.add.at(confusion, (y_true, y_pred), 1)
    return float(scores.macro_f1(confusion))


def measure(folder: Path, steps: int, seeds: int) -> dict[str, Any]:
    """Draws, thins and trains; the sides take turns within a seed."""
    sample = write_sample(folder / "sample", SAMPLE)
    full = write(sample.train_csv, folder / "all", ThinSettings())
    thinned = write(sample.train_csv, folder / "thinned", THIN)
    evaluation = write(sample.eval_csv, folder / "eval", ThinSettings())
    left = sum(1 for _ in tf.data.TFRecordDataset(thinned))
    sides: dict[str, Callable[[int], str]] = {
        "all": lambda seed: full,
        "thinned": lambda seed: thinned,
        "random": lambda seed: write_random(full, folder / f"random-{seed}", left, seed),
    }

    results: dict[str, list[float]] = {name: [] for name in sides}
    for seed in range(1, seeds + 1):
        for name, shard in sides.items():
            results[name].append(round(macro_f1(shard(seed), evaluation, steps, seed), 4))
            print(name, seed, results[name][-1], file=sys.stderr, flush=True)
    return {
        "frames": {"all": sum(SAMPLE.train_clips) * SAMPLE.frames_per_clip, "thinned": left},
        "steps": steps,
        "macro_f1": results,
        "mean_macro_f1": {
            name: round(statistics.mean(values), 4) for name, values in results.items()
        },
    }


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_number(parser, "--steps", 60, f"training steps, of {BATCH_SIZE} frames each")
    flags.add_seeds(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.steps, args.seeds)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
