r"""Trains a model by the original project's command, through the whole pipeline.

    uv run python train.py --train ./data/train.csv --valid ./data/val.csv --batch_size 64 \
        --resolution 224 --learning_rate 5e-6 --epochs 100 --train_base

The flags are translated into settings of local_runner.py, and the command that
asks for the same there is printed first. What the flags do not say is as there:
pictures cut by their boxes, class weights with a cap, warm-up and cosine
annealing, label smoothing, the epoch with the best macro-F1 kept (the original
kept the best accuracy). --set changes that; local_runner.py --help lists it all.

At the end the checkpoint is named, OUTPUT/best.keras, with the inference.py
command to try it.

Exit codes: 0 a model was pushed, 2 settings or environment, 3 the data was
refused, 4 the model was not blessed (its checkpoint is there all the same),
1 anything else.
"""

import argparse
import functools
import sys
from pathlib import Path

from runner import original_command
from runner.local import run
from runner.settings_flags import add_labels_flag, add_set_flag


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags = parser.add_argument_group("the original's flags, and its values where left out")
    flags.add_argument("--train", type=Path, required=True, metavar="CSV", help="rows to train on")
    flags.add_argument(
        "--valid",
        type=Path,
        metavar="CSV",
        help="rows to judge by (default: a share of --train's clips)",
    )
    for name, default, help_text in (
        ("--batch_size", original_command.BATCH_SIZE, "train.batch_size: pictures a step"),
        (
            "--resolution",
            original_command.RESOLUTION,
            "model.resolution: side of the pictures, pixels",
        ),
        ("--learning_rate", original_command.LEARNING_RATE, "train.learning_rate: at its highest"),
        ("--epochs", original_command.EPOCHS, "train.epochs: passes over the rows at most"),
    ):
        flags.add_argument(
            name, default=default, metavar="N", help=f"{help_text} (default: {default})"
        )
    flags.add_argument(
        "--train_base",
        action="store_true",
        help="train the whole network (train.fine_tune=full), and not what is on top of the "
        "backbone alone (head)",
    )
    ours = parser.add_argument_group("as in local_runner.py")
    add_labels_flag(ours)
    ours.add_argument(
        "--image-root",
        type=Path,
        metavar="FOLDER",
        help="where relative image paths start (default: each CSV's folder)",
    )
    ours.add_argument(
        "--output", type=Path, metavar="FOLDER", help="folder for all that is made (build/run)"
    )
    add_set_flag(ours, over=", over what the flags say")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    command = original_command.OriginalCommand(**{**args, "overrides": tuple(args["overrides"])})
    request = command.request()
    print(f"The same as:\n  {original_command.local_runner_command(request)}\n", flush=True)
    return run(request, functools.partial(original_command.closing_lines, request))


if __name__ == "__main__":
    sys.exit(main())
