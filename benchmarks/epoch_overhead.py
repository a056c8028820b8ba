"""How much longer a training step takes when its batch comes from the input pipeline.

The same network takes steps on a batch that lies ready and on batches of the training's stream,
in turns; told is the median of each and their ratio. The goal is at most 1.05.

    uv run python -m benchmarks.epoch_overhead --resolution 96
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks import pictures
from benchmarks.input_speed import OneLabel
from models.inputs.input_pipeline import training_batches
from models.network import classifier
from models.settings import AugmentSettings, ModelSettings, TrainSettings
from models.training import fine_tuning, fitting

GOAL = 1.05
MOODS = 6
WARM_UP = 3


def measure(resolution: int, rounds: int, steps: int) -> dict[str, Any]:
    """Returns seconds a step of both kinds, medians over the rounds."""
    settings = TrainSettings()
    model = classifier.build(ModelSettings(weights="none", resolution=resolution), MOODS)
    phase = fine_tuning.phases(settings)[-1]
    fitting.compile_for(model, settings, keras.losses.CategoricalCrossentropy(), phase, 1000)
    with tempfile.TemporaryDirectory() as folder:
        shard = _shard(Path(folder), resolution)
        stream = training_batches(
            [shard],
            OneLabel(),  # type: ignore[arg-type]
            [1.0] * MOODS,
            resolution=resolution,
            batch_size=settings.batch_size,
            shuffle_buffer=1024,
            augment=AugmentSettings(),
            seed=1,
            total=64,
        )
        batches = iter(stream)
        ready = next(batches)
        model.make_train_function()
        for _ in range(WARM_UP):
            model.train_function(iter([ready]))
            model.train_function(batches)
        alone, fed = [], []
        for _ in range(rounds):
            kept = iter(tf.data.Dataset.from_tensors(ready).repeat())
            alone.append(_seconds(model, kept, steps))
            fed.append(_seconds(model, batches, steps))
    ratio = statistics.median(fed) / statistics.median(alone)
    return {
        "resolution": resolution,
        "batch": settings.batch_size,
        "step_alone_s": round(statistics.median(alone), 4),
        "step_fed_s": round(statistics.median(fed), 4),
        "ratio": round(ratio, 3),
        "goal_met": ratio <= GOAL,
    }


def _seconds(model: keras.Model, batches: Any, steps: int) -> float:
    begin = time.perf_counter()
    for _ in range(steps):
        loss = model.train_function(batches)["loss"]
    float(loss)
    return (time.perf_counter() - begin) / steps


def _shard(folder: Path, side: int) -> str:
    surplus = round(side * 32 / 224)
    window = (surplus // 2, surplus // 2, side, side)
    path = str(folder / "0.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for number in range(64):
            crop = pictures.photo(side + surplus, side + surplus, number)
            writer.write(pictures.example(pictures.jpeg(crop, 95, "4:4:4"), "공포", window))
    return path


def main() -> int:
    """Prints the figures as JSON; 0 where the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--resolution", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    asked = parser.parse_args()
    told = measure(asked.resolution, asked.rounds, asked.steps)
    print(json.dumps(told, indent=1))
    return 0 if told["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
