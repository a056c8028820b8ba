"""A whole training on a device, as the Trainer does it, on drawn pictures.

Choice of the precision, the input pipeline, the callbacks, validation and checkpoints are all in
it. The result has the seconds until the first step had ended, the images a second of the steps by
the training's own count, and the seconds of each epoch. docs/gpu.md is the protocol.

    uv run --extra gpu python -m benchmarks.gpu_epoch > gpu_epoch.json
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks import flags, pictures
from benchmarks.label_indexers import ZeroIndexer
from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.trainer_config import TrainerConfig
from models.training import curves, devices, training_run
from models.training.backup import Backups
from models.training.data import Data
from schemas import artifacts
from system import progress

FIRST_STEP_GOAL = 60.0
"""Seconds."""
EPOCHS, STEPS = 3, 200
EXAMPLES_A_STEP = 8
"""Drawn pictures, in batches; they are read again and again."""
MOODS = (pictures.LABEL, *"abcde")


def measure(resolution: int, batch: int) -> dict[str, Any]:
    """Returns the figures.

    Args:
      resolution: side of the pictures, pixels.
      batch: examples a step.
    """
    examples = EXAMPLES_A_STEP * batch
    train = TrainSettings(
        batch_size=batch, epochs=EPOCHS, steps_per_epoch=STEPS, shuffle_buffer=examples
    )
    model = ModelSettings(weights="none", resolution=resolution)
    config = TrainerConfig(model, train, AugmentSettings(), MOODS, box_margin=0.0, backup_dir="")
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(train)
    first_step: list[float] = []

    class Watch(logging.Handler):
        """Notes when the training first reports a step."""

        def emit(self, record: Any) -> None:
            """Looks at a progress report."""
            if record.progress.task == "train" and not first_step:
                first_step.append(time.perf_counter() - began)

    with tempfile.TemporaryDirectory() as folder:
        shard = pictures.write_shard(Path(folder) / "0.tfrecord", resolution, examples)
        data = Data.from_files(ZeroIndexer(), [shard], [shard], len(MOODS))
        progress.LOGGER.setLevel("INFO")
        progress.LOGGER.addHandler(Watch())
        run_dir = str(Path(folder) / "model_run" / "1")
        backups = Backups(str(Path(folder) / "backups"), "benchmark")
        began = time.perf_counter()
        training_run.train(config, data, None, run_dir, backups, backups.folder, strategy)
        rows = curves.read(run_dir)
        documents = {
            name: json.loads(Path(run_dir, name).read_text("utf-8"))
            for name in (artifacts.TRAINING_JSON, artifacts.PRECISION_JSON)
        }
    return {
        "first_step_seconds": round(first_step[0], 1),
        "goal_met": first_step[0] <= FIRST_STEP_GOAL,
        "images_per_second": documents[artifacts.TRAINING_JSON]["images_per_second"],
        "epoch_seconds": [round(row["seconds"], 1) for row in rows],
        "versions": {"tensorflow": tf.__version__},
        **documents,
    }


def main() -> int:
    """Prints the figures as JSON; returns 0 if the first step came within a minute, else 1."""
    parser = flags.parser(__doc__)
    flags.add_number(parser, "--examples-a-step", 256, "batch size")
    flags.add_number(parser, "--pixels", 224, "side of the pictures")
    args = parser.parse_args()
    figures = measure(args.pixels, args.examples_a_step)
    print(json.dumps(figures, indent=1))
    return 0 if figures["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
