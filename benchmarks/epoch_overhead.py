"""Time of a training step fed by the input pipeline, over one on a batch that lies ready.

One network takes steps on a ready batch and on batches of the training's stream, in turns. The
result has the median of each and their ratio, which is to be at most 1.05.

    uv run python -m benchmarks.epoch_overhead --resolution 96
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks import flags, pictures, streams
from benchmarks.label_indexers import ZeroIndexer
from models.inputs.input_pipeline import training_batches
from models.network import classifier
from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import compiling, fine_tuning

GOAL = 1.05
NUM_CLASSES = 6
EXAMPLES = 64
WARM_UP = 3
"""Steps of each kind that are not counted."""


def measure(resolution: int, rounds: int, steps: int) -> dict[str, Any]:
    """Returns the seconds a step of both kinds, medians over the rounds, and their ratio.

    Args:
      resolution: side of the pictures, pixels.
      rounds: turns of each kind.
      steps: training steps in a turn.
    """
    settings = TrainSettings()
    model = classifier.build(ModelSettings(weights="none", resolution=resolution), NUM_CLASSES)
    phase = fine_tuning.phases(settings)[-1]
    compiling.compile_for(model, settings, keras.losses.CategoricalCrossentropy(), phase, 1000)

    with tempfile.TemporaryDirectory() as folder:
        shard = pictures.write_shard(Path(folder) / "0.tfrecord", resolution, EXAMPLES)
        indexer = ZeroIndexer()
        stream = training_batches(
            streams.drawn([shard], indexer, NUM_CLASSES, batch_size=settings.batch_size, seed=1),
            indexer,
            [1.0] * NUM_CLASSES,
            resolution=resolution,
            batch_size=settings.batch_size,
            augment=AugmentSettings(),
            seed=1,
        )
        batches = iter(stream)
        ready = next(batches)

        model.make_train_function()
        for _ in range(WARM_UP):
            model.train_function(iter([ready]))
            model.train_function(batches)

        alone, fed = [], []
        for _ in range(rounds):
            repeated = iter(tf.data.Dataset.from_tensors(ready).repeat())
            alone.append(_seconds_per_step(model, repeated, steps))
            fed.append(_seconds_per_step(model, batches, steps))

    ratio = statistics.median(fed) / statistics.median(alone)
    return {
        "resolution": resolution,
        "batch": settings.batch_size,
        "step_alone_s": round(statistics.median(alone), 4),
        "step_fed_s": round(statistics.median(fed), 4),
        "ratio": round(ratio, 3),
        "goal_met": ratio <= GOAL,
    }


def _seconds_per_step(model: keras.Model, batches: Any, steps: int) -> float:
    begin = time.perf_counter()
    for _ in range(steps):
        loss = model.train_function(batches)["loss"]
    float(loss)  # Waits until the last step is computed.
    return (time.perf_counter() - begin) / steps


def main() -> int:
    """Prints the figures as JSON; returns 0 if the goal is met, else 1."""
    parser = flags.parser(__doc__)
    flags.add_resolution(parser)
    flags.add_rounds(parser)
    flags.add_number(parser, "--steps-per-round", 4, "training steps of each kind in a round")
    args = parser.parse_args()
    figures = measure(args.resolution, args.rounds, args.steps_per_round)
    print(json.dumps(figures, indent=1))
    return 0 if figures["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
