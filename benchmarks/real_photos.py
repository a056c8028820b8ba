r"""Macro-F1 on real photos: our recipe, and the usual PyTorch recipe from the same start weights.

Ingests once, then trains once for each seed and side, in turn and each in a process of its own.
Both sides get the same stored crops and are validated after each epoch. ``last`` is the macro-F1
after the last epoch, in whose choice the photos that judge have no part; ``best`` is that of the
best epoch. Processor seconds tell the cost also where the machine has other work.

    uv run python -m benchmarks.real_photos --train-csv dogs/train.csv --eval-csv dogs/val.csv \
        --labels dogs/label.json --weights b0.weights.h5 --peer-python torchenv/bin/python
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import flags
from runner.settings_flags import add_set_flag

RECIPE = {
    "batch": 32,
    "rate": 5e-4,
    "decay": 0.05,
    "drop_path": 0.2,
    "smoothing": 0.1,
    "least_area": 0.6,
    "colours": 0.2,
}
"""Of the PyTorch side; of those tried on the dogs the best but for a batch norm in the head."""
OURS, PEER = "ours", "peer"


def trained(command: Sequence[str], job: dict[str, Any], threads: int) -> dict[str, Any]:
    """Runs one training in a process and returns its figures.

    Raises:
      RuntimeError: with what the process said, if it failed.
    """
    environment = dict(os.environ)
    if threads:
        environment |= {
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
        }
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def trainings(args: Any, moods: Sequence[str], folder: Path) -> Iterator[dict[str, Any]]:
    """Yields the figures of each training, with its side and seed."""
    # Imported late: --help needs no TensorFlow.
    from benchmarks import photos_ingest

    shards = {
        split: photos_ingest.write_split(csv.absolute(), folder / split, moods, args.resolution)
        for split, csv in (("train", args.train_csv), ("eval", args.eval_csv))
    }
    weights = folder / photos_ingest.WEIGHTS
    if args.peer_python:
        photos_ingest.write_weights(str(args.weights), args.resolution, weights)
    overrides = [
        f"model.weights={args.weights}",
        f"model.resolution={args.resolution}",
        *args.overrides,
    ]
    for seed in range(1, args.seeds + 1):
        if OURS in args.sides:
            job = {
                **shards,
                "moods": moods,
                "preset": args.preset,
                "set": [*overrides, f"train.seed={seed}"],
            }
            command = [sys.executable, "-m", "benchmarks.photos_ours"]
            yield {"side": OURS, "seed": seed, **trained(command, job, args.threads)}
        if PEER in args.sides and args.peer_python:
            job = {
                **{split: str(folder / split / photos_ingest.CROPS) for split in shards},
                "weights": str(weights),
                "moods": len(moods),
                "side": args.resolution,
                "seed": seed,
                "epochs": args.peer_epochs,
                "threads": args.threads or os.cpu_count(),
                "recipe": RECIPE,
            }
            command = [args.peer_python, "-m", "benchmarks.photos_torch"]
            yield {"side": PEER, "seed": seed, **trained(command, job, args.threads)}


def summary(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the mean figures of one side."""

    def mean(values: Iterator[float]) -> float:
        return round(statistics.mean(values), 4)

    return {
        "last": mean(each["macro_f1"][-1] for each in found),
        "last_each_seed": [each["macro_f1"][-1] for each in found],
        "best": mean(max(each["macro_f1"]) for each in found),
        "accuracy": mean(each["accuracy"][-1] for each in found),
        "train_accuracy": mean(each["train_accuracy"] for each in found),
        "minutes": mean(each["seconds"] / 60 for each in found),
        "cpu_minutes": mean(each["cpu_seconds"] / 60 for each in found),
        "images_per_second": mean(each["images"] / each["seconds"] for each in found),
        "epochs": len(found[0]["macro_f1"]),
    }


def _add_file(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    parser.add_argument(name, type=Path, required=True, metavar="FILE", help=meaning)


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    _add_file(parser, "--train-csv", "photos to train on")
    _add_file(parser, "--eval-csv", "photos to judge on")
    _add_file(parser, "--labels", "label file")
    _add_file(parser, "--weights", "start weights, a file that Keras can load")
    flags.add_resolution(parser)
    flags.add_seeds(parser)
    flags.add_threads(parser)
    flags.add_number(parser, "--peer-epochs", 8, "length of the PyTorch training")
    flags.add_sides(parser, (OURS, PEER), (OURS, PEER))
    parser.add_argument(
        "--peer-python",
        metavar="FILE",
        help="Python with torch, geffnet, numpy and pillow; without it ours is trained alone",
    )
    flags.add_work(parser, Path("build/real_photos"))
    flags.add_preset(parser, "default")
    add_set_flag(parser)
    args = parser.parse_args()
    from schemas.labels import read_moods

    moods = read_moods(args.labels)
    found = []
    for each in trainings(args, moods, args.work.absolute() / str(args.resolution)):
        print(json.dumps(each), file=sys.stderr, flush=True)
        found.append(each)
    sides = [side for side in (OURS, PEER) if any(each["side"] == side for each in found)]
    figures = {
        "resolution": args.resolution,
        "settings": [*args.overrides],
        "recipe": RECIPE,
        **{side: summary([each for each in found if each["side"] == side]) for side in sides},
        "trainings": found,
    }
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
