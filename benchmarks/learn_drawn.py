"""How fast the whole pipeline learns six moods from random weights on a CPU.

Draws clips, runs the pipeline on them as ``local_runner.py`` does, and reports the macro-F1 of
the eval clips, none of which it has trained on, after each epoch and the time that took.

    uv run python -m benchmarks.learn_drawn --output build/learn_drawn
"""

import argparse
import csv
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from runner import local
from runner.run_request import RunRequest
from schemas import artifacts

GOAL = 0.9
SAMPLE = SampleSettings(
    train_clips=(60, 40, 80, 90, 70, 60),
    eval_clips=(16,) * 6,
    frames_per_clip=4,
    long_side=480,
    short_side=270,
    with_faults=False,
)
"""Mildly imbalanced: 400 train clips of 1,600 frames; 96 eval clips of 384."""

OVERRIDES = (
    "model.resolution=96",
    "train.epochs=5",
    "train.batch_size=32",
    "train.learning_rate=0.002",
    "train.early_stopping_patience=5",
)


def measure(output: Path, overrides: tuple[str, ...]) -> dict[str, Any]:
    """Draws, runs and reads the curves; figures of the training proper and of the whole run.

    Args:
      output: folder for everything, best absent: a node that is reused takes no time.
      overrides: settings over the preset "sample".
    """
    paths = write_sample(output / "drawn", SAMPLE)
    begin = time.monotonic()
    code = local.run(
        RunRequest(
            train_csv=paths.train_csv,
            eval_csv=paths.eval_csv,
            output=output / "run",
            preset="sample",
            overrides=overrides,
        )
    )
    whole = time.monotonic() - begin
    curves = max((output / "run").glob(f"pipeline/Trainer/model_run/*/{artifacts.CURVES_CSV}"))
    with curves.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ends = itertools.accumulate(float(row["seconds"]) for row in rows)
    epochs = [
        {"seconds": round(end, 1), "macro_f1": round(float(row["val_macro_f1"]), 3)}
        for end, row in zip(ends, rows, strict=True)
    ]
    return {
        "settings": overrides,
        "exit_code": code,
        "seconds_of_the_run": round(whole, 1),
        "seconds_to_goal": next((e["seconds"] for e in epochs if e["macro_f1"] >= GOAL), None),
        "epochs": epochs,
    }


def main(arguments: list[str] | None = None) -> int:
    """Prints the figures as JSON; 0 where the goal is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=Path("build/learn_drawn"))
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="NAME=VALUE"
    )
    wishes = parser.parse_args(arguments)
    figures = measure(wishes.output, (*OVERRIDES, *wishes.overrides))
    print(json.dumps(figures, indent=1))
    return 0 if figures["seconds_to_goal"] is not None else 1


if __name__ == "__main__":
    sys.exit(main())
