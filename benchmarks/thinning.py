"""What thinning costs or gains: macro-F1 after equally many steps on all and on fewer frames.

Trains from random weights on drawn clips of nearly equal frames and judges the last step's
weights, so that nothing is chosen by the eval split, which is never thinned:

* ``all``: every training frame;
* ``thinned``: by perceptual hash and at most a few frames a clip, as ``thin.*`` has it;
* ``random``: as many frames as were left by thinning, drawn from all.

    uv run python -m benchmarks.thinning
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from components.evaluator import scores
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import RECORDS
from dataset.partition import SplitShare, partition_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.inputs.input_pipeline import evaluation_batches, training_batches
from models.inputs.label_index import count_labels
from models.network import classifier
from models.settings import AugmentSettings, ModelSettings, TrainSettings
from models.training import fine_tuning, fitting, losses
from models.transform import preprocessing_fn
from schemas import features
from schemas.labels import DEFAULT_MOODS

MOODS = len(DEFAULT_MOODS)
SIDE = 64
SAMPLE = SampleSettings(
    train_clips=(12,) * 6,
    eval_clips=(8,) * 6,
    frames_per_clip=24,
    long_side=320,
    short_side=240,
    with_faults=False,
)
"""72 train clips of 1,728 frames; 48 eval clips of 1,152."""
THIN = ThinSettings(min_distance=4, max_frames=4)


class Indexer:
    """The Transform node's function, without the node."""

    feature_spec: ClassVar = {features.LABEL: tf.io.FixedLenFeature([], tf.string)}

    def __call__(self, labels: tf.Tensor) -> tf.Tensor:
        """Returns int64[n]: the index of each label."""
        index = preprocessing_fn({features.LABEL: labels}, {"moods": list(DEFAULT_MOODS)})
        return index[features.LABEL_INDEX]


def write(csv: Path, folder: Path, thin: ThinSettings) -> str:
    """Writes one shard of Examples and returns its path."""
    folder.mkdir()
    (block,) = partition_rows(str(csv), [SplitShare("all", 1)], 10**6, str(folder)).blocks
    settings = IngestSettings(data=DataSettings(), thin=thin, moods=DEFAULT_MOODS, side=SIDE)
    stem = str(folder / "shard")
    root = str(csv.parent)
    write_shard(ShardJob(block, settings, root, thin.is_on, frozenset(), stem, block.rows))
    return stem + RECORDS


def draw_from(shard: str, target: Path, wanted: int, seed: int) -> str:
    """Writes ``wanted`` Examples of a shard, drawn at random, and returns their path."""
    records = list(tf.data.TFRecordDataset(shard).as_numpy_iterator())
    chosen = np.random.default_rng(seed).choice(len(records), wanted, replace=False)
    with tf.io.TFRecordWriter(str(target)) as writer:
        for place in sorted(chosen.tolist()):
            writer.write(records[place])
    return str(target)


def macro_f1(train: str, evaluation: str, steps: int, seed: int) -> float:
    """Trains on one shard for ``steps`` steps and returns the macro-F1 on another."""
    keras.utils.set_random_seed(seed)
    indexer = Indexer()
    settings = TrainSettings(
        epochs=1, steps_per_epoch=steps, batch_size=32, learning_rate=2e-3, seed=seed
    )
    counts = count_labels([train], indexer, MOODS)
    model = classifier.build(
        ModelSettings(weights="none", resolution=SIDE, batch_norm_momentum=0.9), MOODS
    )
    (phase,) = fine_tuning.phases(settings)
    fine_tuning.freeze(model, phase.part)
    fitting.compile_for(model, settings, losses.loss_for(settings, counts), phase, steps)
    batches = training_batches(
        [train],
        indexer,
        losses.class_weights(settings, counts, DEFAULT_MOODS),
        resolution=SIDE,
        batch_size=settings.batch_size,
        shuffle_buffer=4096,
        augment=AugmentSettings(),
        seed=seed,
        total=sum(counts),
    )
    model.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0)
    confusion = np.zeros((MOODS, MOODS))
    for pixels, truth in evaluation_batches(
        [evaluation], indexer, MOODS, resolution=SIDE, batch_size=64
    ):
        answers = model.predict_on_batch(pixels).argmax(axis=1)
        np.add.at(confusion, (truth.numpy().argmax(axis=1), answers), 1)
    return float(scores.macro_f1(confusion))


def measure(folder: Path, steps: int, seeds: int) -> dict[str, Any]:
    """Draws, thins and trains; the sides take turns within a seed."""
    sample = write_sample(folder / "sample", SAMPLE)
    everything = write(sample.train_csv, folder / "all", ThinSettings())
    thinned = write(sample.train_csv, folder / "thinned", THIN)
    evaluation = write(sample.eval_csv, folder / "eval", ThinSettings())
    left = sum(1 for _ in tf.data.TFRecordDataset(thinned))
    sides: dict[str, Callable[[int], str]] = {
        "all": lambda seed: everything,
        "thinned": lambda seed: thinned,
        "random": lambda seed: draw_from(everything, folder / f"random-{seed}", left, seed),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for seed in range(1, seeds + 1):
        for name, shard in sides.items():
            found[name].append(round(macro_f1(shard(seed), evaluation, steps, seed), 4))
            print(name, seed, found[name][-1], file=sys.stderr, flush=True)
    return {
        "frames": {"all": sum(SAMPLE.train_clips) * SAMPLE.frames_per_clip, "thinned": left},
        "steps": steps,
        "macro_f1": found,
        "mean_macro_f1": {name: round(statistics.mean(each), 4) for name, each in found.items()},
    }


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60, help="of 32 frames")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), asked.steps, asked.seeds)
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
