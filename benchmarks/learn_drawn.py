"""Seconds in which the whole pipeline learns six moods from random weights on a CPU.

Draws clips and runs the pipeline on them as ``local_runner.py`` does. The result has, after each
epoch, the seconds of training so far and the macro-F1 of the eval clips, none of which it trains
on.

    uv run python -m benchmarks.learn_drawn
"""

import csv
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import flags
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from runner import local
from runner.run_request import RunRequest
from runner.settings_flags import add_set_flag
from schemas import artifacts

GOAL = 0.9
"""Macro-F1."""
SAMPLE = SampleSettings(
    train_clips=(60, 40, 80, 90, 70, 60),
    eval_clips=(16,) * 6,
    frames_per_clip=4,
    long_side=480,
    short_side=270,
    with_faults=False,
)
"""400 train clips with 1,600 frames, mildly imbalanced; 96 eval clips with 384 frames."""

OVERRIDES = (
    "model.resolution=96",
    "train.epochs=5",
    "train.batch_size=32",
    "train.learning_rate=0.002",
    "train.early_stopping_patience=5",
)


def measure(work: Path, overrides: tuple[str, ...]) -> dict[str, Any]:
    """Draws, runs the pipeline and returns the figures of each epoch and of the whole run.

    Args:
      work: folder for the drawn clips and the run. It should not exist yet: a node whose output
        is reused takes no time.
      overrides: settings over the preset "sample", "NAME=VALUE" each.
    """
    sample = write_sample(work / "drawn", SAMPLE)
    begin = time.monotonic()
    code = local.run(
        RunRequest(
            train_csv=sample.train_csv,
            eval_csv=sample.eval_csv,
            output=work / "run",
            preset="sample",
            overrides=overrides,
        )
    )
    whole = time.monotonic() - begin

    curves = max((work / "run").glob(f"pipeline/Trainer/model_run/*/{artifacts.CURVES_CSV}"))
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


def main() -> int:
    """Prints the figures as JSON; returns 0 if the goal is reached, else 1."""
    parser = flags.parser(__doc__)
    flags.add_work(parser, Path("build/learn_drawn"))
    add_set_flag(parser)
    args = parser.parse_args()
    figures = measure(args.work, (*OVERRIDES, *args.overrides))
    print(json.dumps(figures, indent=1))
    return 0 if figures["seconds_to_goal"] is not None else 1


if __name__ == "__main__":
    sys.exit(main())
