"""Our side of ``benchmarks.real_photos``: one training by the Trainer's own code, in a process."""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.label_indexers import MoodIndexer
from models.settings.training_choices import ACCURACY, MACRO_F1
from models.trainer_config import TrainerConfig
from models.training import curves, devices
from models.training.backup import Backups
from models.training.data import Data
from models.training.training_run import train
from pipeline import config as settings_of


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Trains and returns the figures.

    Args:
      job: "train" and "eval", shards; "moods"; "preset"; "set", texts such as "train.epochs=3".
    """
    settings = settings_of.load(job["preset"], None, job["set"])
    moods = tuple(job["moods"])
    config = TrainerConfig(
        settings.model, settings.train, settings.augment, moods, box_margin=0.0, backup_dir=""
    )
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(config.train)
    data = Data.from_files(MoodIndexer(moods), [job["train"]], [job["eval"]], len(moods))
    with tempfile.TemporaryDirectory() as folder:
        run_dir = str(Path(folder) / "run" / "1")
        backups = Backups(str(Path(folder) / "backups"), "benchmark")
        began, cpu = time.perf_counter(), cpu_seconds()
        train(config, data, None, run_dir, backups, backups.folder, strategy)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
        rows = curves.read(run_dir)
    return {
        "macro_f1": [round(row[f"val_{MACRO_F1}"], 4) for row in rows],
        "accuracy": [round(row[f"val_{ACCURACY}"], 4) for row in rows],
        "train_accuracy": round(rows[-1][ACCURACY], 4),
        "images": sum(data.train_counts) * len(rows),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
    }


def cpu_seconds() -> float:
    """Returns what this process and its ended children have computed, user and system, s."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    """Prints the figures as the last line, JSON; takes the job as JSON on standard input."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(json.dumps(measure(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
